#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/overflow.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/session/session.h"

// The messages of one subscription until the user takes them. Bounded by a number of messages, and
// in bytes by the account that pays for them. If there is no room, the overflow policy decides
// which message is lost. Lost messages are counted at their place in the stream.

namespace plimsoll::inline v0 {

class MessageQueue {
 public:
  MessageQueue(Account& pushes, std::size_t messages_max, OverflowPolicy overflow)
      : pushes_(pushes), overflow_(overflow), messages_(pushes, messages_max) {}

  struct Message {
    Reply reply{};
    std::uint64_t gaps = 0;  // gaps in the stream up to this message
    std::uint64_t lost = 0;  // messages lost before this one, not counting those dropped from the
                             // queue to make room
  };

  /// Queues the push that is the last event of `session`, or drops messages as the policy says.
  /// Returns false, and does nothing, if the push has to wait for room (pause_reading).
  [[nodiscard]] bool push(Session& session, std::uint64_t gaps);

  /// Queues the push if there is room; returns whether there was.
  [[nodiscard]] bool append(Session& session, std::uint64_t gaps);

  /// Counts a message that arrived and is not queued.
  void lose_newest() { ++lost_newest_; }

  /// Drops messages, if the policy allows it, until the account has no more memory than its part,
  /// since other accounts need the rest. Drops a limited number per call; returns whether more have
  /// to be dropped.
  bool trim();

  /// How many messages were lost before the next one. Together with lost_for_room() these are all.
  std::uint64_t lost_before_next(const Session& session) const {
    return lost_newest_ + session.counters().pushes_skipped;
  }
  std::uint64_t lost_for_room() const { return lost_oldest_; }

  /// The oldest message. The queue must not be empty.
  Message take();

  /// How many messages have left the queue so far to be delivered or to make room for newer ones,
  /// and how many that will be once all that are in it now have left.
  std::uint64_t left() const { return left_; }
  std::uint64_t left_when_empty() const { return left_ + size(); }

  bool empty() const { return messages_.empty(); }
  std::size_t size() const { return messages_.size(); }

  /// The memory of the messages and of their places in the queue. A segment that several messages
  /// share is counted for each of them.
  std::size_t bytes() const { return reply_bytes_ + size() * sizeof(Message); }

  bool pauses() const { return overflow_ == OverflowPolicy::pause_reading; }

 private:
  void drop_oldest();
  void drop_newest();

  Account& pushes_;
  const OverflowPolicy overflow_;
  Queue<Message> messages_;
  std::size_t reply_bytes_ = 0;
  std::uint64_t left_ = 0;
  std::uint64_t lost_newest_ = 0;  // arrived when there was no room
  std::uint64_t lost_oldest_ = 0;  // dropped to make room
};

}  // namespace plimsoll::inline v0
