#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/session/session.h"

// Messages of one subscription that wait to be taken: bounded by count and by the pushes pool,
// which pays for each. Where there is no room the oldest make it; how many were lost is counted.

namespace plimsoll {

class MessageQueue {
 public:
  MessageQueue(Account& pushes, std::size_t messages_max)
      : pushes_(pushes), messages_max_(messages_max) {}
  ~MessageQueue() { clear(); }
  MessageQueue(const MessageQueue&) = delete;
  MessageQueue& operator=(const MessageQueue&) = delete;

  struct Message {
    Reply reply{};
    std::uint64_t gaps = 0;  // in the stream of messages so far
    std::uint64_t lost = 0;  // of the stream before it, but for what made room in the queue
    Box<Message> next{};
  };

  /// Keeps the push that is the last event of `session`, if need be in place of the oldest
  /// messages. One that finds no room for all that is lost itself.
  void push(Session& session, std::uint64_t gaps);

  /// How many were lost before the one that comes next: with those that made room, all there were.
  std::uint64_t lost_before_next(const Session& session) const {
    return lost_newest_ + session.counters().pushes_skipped;
  }
  std::uint64_t lost_for_room() const { return lost_oldest_; }

  /// The oldest message, which pop() takes. The queue must not be empty.
  Message& front() { return *first_; }
  void pop();

  void clear();

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

 private:
  bool append(Session& session, std::uint64_t gaps);
  void drop_oldest();

  Account& pushes_;
  const std::size_t messages_max_;
  Box<Message> first_;
  Message* last_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t lost_newest_ = 0;  // for which there was no room
  std::uint64_t lost_oldest_ = 0;  // which made room
};

}  // namespace plimsoll
