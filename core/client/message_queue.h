#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/overflow.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/session/session.h"

// Messages of one subscription that wait to be taken: bounded by their count, and in bytes by the
// account that pays for them. If there is no room, the overflow policy decides which message is
// lost. Lost messages are counted, each at its place in the stream.

namespace plimsoll {

class MessageQueue {
 public:
  MessageQueue(Account& pushes, std::size_t messages_max, OverflowPolicy overflow)
      : pushes_(pushes), overflow_(overflow), messages_(pushes, messages_max) {}

  struct Message {
    Reply reply{};
    std::uint64_t gaps = 0;  // in the stream of messages so far
    std::uint64_t lost = 0;  // before it in the stream, without those that made room in the queue
  };

  /// Keeps the push that is the last event of `session`, or loses as many messages as the policy
  /// wants. False: nothing was done, it has to wait for room (pause_reading).
  [[nodiscard]] bool push(Session& session, std::uint64_t gaps);

  /// Keeps it if there is room.
  [[nodiscard]] bool append(Session& session, std::uint64_t gaps);

  /// One came that is not kept.
  void lose_newest() { ++lost_newest_; }

  /// Gives back what the account has too much of, since others need it, as far as the policy lets
  /// messages go; some of it, where that is much. Returns whether there is more to give back.
  bool trim();

  /// How many were lost before the one that comes next: with those that made room, all there were.
  std::uint64_t lost_before_next(const Session& session) const {
    return lost_newest_ + session.counters().pushes_skipped;
  }
  std::uint64_t lost_for_room() const { return lost_oldest_; }

  /// The oldest message. The queue must not be empty.
  Message take();

  bool empty() const { return messages_.empty(); }
  std::size_t size() const { return messages_.size(); }

  /// What the messages take, with their places in the queue. A segment in which several of them lie
  /// counts for each.
  std::size_t bytes() const { return reply_bytes_ + size() * sizeof(Message); }

  bool pauses() const { return overflow_ == OverflowPolicy::pause_reading; }

 private:
  void drop_oldest();
  void drop_newest();

  Account& pushes_;
  const OverflowPolicy overflow_;
  Queue<Message> messages_;
  std::size_t reply_bytes_ = 0;
  std::uint64_t lost_newest_ = 0;  // for which there was no room
  std::uint64_t lost_oldest_ = 0;  // which made room
};

}  // namespace plimsoll
