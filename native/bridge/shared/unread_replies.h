#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "plimsoll/native/bridge/shared/unread_share.h"

// What the sessions of one thread hold for clients that have not taken it: replies and messages. A
// large reply is held whole until its last byte is taken. All of it lies in the pool that replies
// of all clients are read into, so what nobody takes would leave no room for the replies of others.
// When it is too much, of all threads together (UnreadShare), the holder goes that is the greatest
// burden: bytes times the time since its client took some. By size alone a client that has just
// been sent a large reply would go in place of those that sit on theirs.

namespace plimsoll::bridge {

class UnreadHolder {
 public:
  /// Bytes that are held for the client, times the milliseconds since it has taken some.
  virtual std::uint64_t burden(std::chrono::steady_clock::time_point now) const = 0;

  /// Ends it, and gives back its memory, without a wait for the client to read.
  virtual void drop(std::string_view why) = 0;

 protected:
  ~UnreadHolder() = default;
};

class UnreadReplies final : public UnreadShare::Sessions {
 public:
  /// `share` must outlive this object, and what is posted to the executor.
  UnreadReplies(boost::asio::any_io_executor executor, UnreadShare& share) : share_(share) {
    share_.add({.executor = std::move(executor), .sessions = self_});
  }
  UnreadReplies(const UnreadReplies&) = delete;
  UnreadReplies& operator=(const UnreadReplies&) = delete;
  ~UnreadReplies();

  /// A holder begins, and ends with `bytes` left.
  void add(UnreadHolder& holder) { holders_.insert(&holder); }
  void remove(UnreadHolder& holder, std::size_t bytes) {
    shrink(bytes);
    holders_.erase(&holder);
  }

  /// One of them has so many bytes more, or less. If they are too many, a holder of some thread is
  /// dropped, but not within this call: a session must not end within a call of the hub, which is
  /// where messages come from.
  void grow(std::size_t bytes) {
    bytes_ += bytes;
    if (bytes_ > reported_ && bytes_ - reported_ >= share_.step()) report();
  }
  void shrink(std::size_t bytes) {
    bytes_ -= bytes;
    if (reported_ > bytes_ && reported_ - bytes_ >= share_.step()) report();
  }

 private:
  // UnreadShare::Sessions. The last two walk over the holders.
  void report() override;
  std::uint64_t greatest_burden() const override;
  void drop_greatest() override;

  UnreadShare& share_;
  std::size_t bytes_ = 0;
  std::size_t reported_ = 0;
  std::set<UnreadHolder*> holders_;
  // What a posted call refers to; null once this object is gone.
  const std::shared_ptr<UnreadShare::Sessions*> self_ =
      std::make_shared<UnreadShare::Sessions*>(this);
};

}  // namespace plimsoll::bridge
