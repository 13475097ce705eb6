#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <variant>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/shared/encoded_push.h"
#include "plimsoll/native/bridge/shared/wire_reply.h"

// What one client gets, in order: a reply for each of its requests, which may come in any order,
// and messages. Those of channels go in front of the first reply that has not come. What says that
// a key has changed goes behind all replies that have come, since one of them may have the key's
// value from before, or right behind the one that has.
//
//   taken | come, come, message, come | awaited, come | awaited
//           ^ take()                  ^ add_message() |        ^ expect()
//                                                     ^ add_behind_all_come()
//
// Invariants:
// - The ready prefix ends at `last_ready_`; what follows it, if anything, is awaited.
// - Behind `last_come_` all places, if any, are awaited.
// - Replies leave in the order of expect(), and each leaves whole before the next.

namespace plimsoll::bridge {

class ReplyQueue {
 public:
  /// A place in the queue. Valid until its reply has been taken, or clear().
  struct Place;

  /// `account` pays for the places, and must outlive this object.
  explicit ReplyQueue(Account& account);
  ~ReplyQueue();
  ReplyQueue(const ReplyQueue&) = delete;
  ReplyQueue& operator=(const ReplyQueue&) = delete;

  /// Adds a place for a reply that will come. Null: there is no memory.
  Place* expect();

  /// The reply has come.
  void fill(Place& place, WireReply reply);

  /// Adds a message behind what is ready. False: there is no memory.
  [[nodiscard]] bool add_message(PushBytes message);

  /// Adds a message behind all replies that have come. False: there is no memory.
  [[nodiscard]] bool add_behind_all_come(PushBytes message);

  /// Adds a message right behind a reply that has not come yet. It does not count in
  /// message_bytes(), since what bounds replies bounds it, too. False: there is no memory.
  [[nodiscard]] bool add_behind(Place& place, PushBytes message);

  /// Called with each message of add_behind_all_come() and add_behind() once it has been taken
  /// whole, in order; clear() does the same for those that have not been.
  void set_on_sent(std::function<void(const PushBytes&)> on_sent) { on_sent_ = std::move(on_sent); }
  /// How many of these messages are here.
  std::size_t invalidations() const { return invalidations_; }

  /// Writes what is ready, as much as fits, and returns how many bytes.
  std::size_t take(std::span<char> space);

  std::size_t ready_bytes() const { return ready_bytes_; }
  /// The memory of what has come, ready or not, until each is taken whole.
  std::size_t held_bytes() const { return held_bytes_; }
  /// The same without messages that count themselves.
  std::size_t counted_bytes() const { return counted_bytes_; }
  /// The bytes of messages that have not been taken whole.
  std::size_t message_bytes() const { return message_bytes_; }
  /// Replies that have not come.
  std::size_t awaited() const { return awaited_; }

  void clear();

 private:
  Place* insert_behind(Place* before, PushBytes message);
  Place* insert_invalidation(Place* before, PushBytes message);
  void count(Place& message);
  void hold(Place& place, std::size_t bytes);
  void handle_ready(Place& place);
  void pop();

  Charge charge_;
  std::unique_ptr<Place> first_;
  Place* last_ = nullptr;
  Place* last_ready_ = nullptr;  // null: nothing is ready
  Place* last_come_ = nullptr;   // null: nothing has come
  std::uint64_t last_number_ = 0;
  std::size_t ready_bytes_ = 0;
  std::size_t held_bytes_ = 0;
  std::size_t counted_bytes_ = 0;
  std::size_t message_bytes_ = 0;
  std::size_t awaited_ = 0;
  std::size_t invalidations_ = 0;
  std::function<void(const PushBytes&)> on_sent_;
};

}  // namespace plimsoll::bridge
