#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/shared/encoded_push.h"

// The last invalidations that one client was sent, by number, so that it can be sent again those
// that were lost with its connection. No I/O.
//
// The client counts what it gets, so both know each message by its number, and no message has to
// carry it. What is sent again has new numbers, and stays here under its old ones as well: if that
// connection is lost before the client has heard of it, its number is an old one again.

namespace plimsoll::bridge {

class MissedMessages {
 public:
  static constexpr std::size_t count_max = 4096;
  /// What they may take together. Less than a session lets wait, so that all can be sent again.
  static constexpr std::size_t bytes_max = std::size_t{512} << 10;

  /// `charge` is of all that several of these keep, and must outlive this object.
  explicit MissedMessages(Charge& charge) : charge_(charge) {}
  ~MissedMessages() { forget_all(); }
  MissedMessages(const MissedMessages&) = delete;
  MissedMessages& operator=(const MissedMessages&) = delete;

  /// Gives the next number to this message. The oldest make room if there are too many, or they are
  /// too large; without memory (or with null) this one cannot be sent again, nor any before it.
  void add(const PushBytes& message);

  /// The client has got all up to this number, most likely.
  void forget_until(std::uint64_t number);
  void forget_all() { forget_until(last_number_); }

  std::uint64_t last_number() const { return last_number_; }

  /// Whether all messages behind this number are here.
  bool covers(std::uint64_t number) const {
    return number <= last_number_ && last_number_ - number <= messages_.size();
  }

  /// The messages behind a number that covers() says yes of.
  std::vector<PushBytes> behind(std::uint64_t number) const {
    return {messages_.end() - static_cast<std::ptrdiff_t>(last_number_ - number), messages_.end()};
  }

  std::size_t count() const { return messages_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  static std::size_t bytes_of(const PushBytes& message);
  void forget_first();

  Charge& charge_;
  std::uint64_t last_number_ = 0;
  std::size_t bytes_ = 0;
  std::deque<PushBytes> messages_;  // the last of them
};

}  // namespace plimsoll::bridge
