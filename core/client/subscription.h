#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/client/message_queue.h"
#include "plimsoll/core/client/subscription_names.h"
#include "plimsoll/core/session/session.h"

// One subscription of a user: the names that are subscribed, which are subscribed again on each new
// connection, and the messages until the user takes them. One user waits for the next message at a
// time.
//
// Invariants:
//  - A name is sent to each new connection until the user unsubscribes it, or the server refuses it
//    (subscription_names.h has its states).
//  - Messages are told in the order in which they came. Messages that are lost, by overflow or with
//    a connection, are counted at their place in that order (MessagesMissed).
//  - If pause_reading is the policy, no message is lost for lack of room in the queue: the
//    message at hand stays in the session's reader (Session::hold_push()), and nothing more is read
//    until there is room.

namespace plimsoll {

struct SubscriptionStatistics {
  std::size_t names = 0;
  std::size_t queued = 0;        ///< messages
  std::size_t queued_bytes = 0;  ///< what they take
  bool paused = false;           ///< nothing is read until one of them is taken (pause_reading)
  std::uint64_t received = 0;    ///< messages, those that were lost here included
  std::uint64_t lost = 0;        ///< because there was no room to keep them
  std::uint64_t gaps = 0;        ///< connections lost: nobody knows how many messages with each
  std::uint64_t refused = 0;     ///< names that the server did not take back after such a loss
};

/// What is missing before a message, since the one before it was taken.
struct MessagesMissed {
  std::uint64_t lost = 0;  ///< because there was no room
  std::uint64_t gaps = 0;  ///< connections lost: nobody knows how many messages with each
};

class Subscription {
 public:
  /// The accounts must outlive it, like the session that it is told about.
  Subscription(Account& connections, Account& pushes, const SessionOptions& options)
      : names_(connections, options.random_seed),
        messages_(pushes, options.subscription_messages_max, options.subscription_overflow) {}

  /// Stages SUBSCRIBE and the like. Confirmed when the server has confirmed every name; until then
  /// it is sent again on every new connection. invalid_argument, rejected_by_limit, closed.
  Result<RequestId> subscribe(Session& session, SubscriptionKind kind,
                              std::span<const std::string_view> names, Instant deadline, Tag tag);
  Result<RequestId> unsubscribe(Session& session, SubscriptionKind kind,
                                std::span<const std::string_view> names, Instant deadline, Tag tag);

  /// `tag` waits for the next message, and takes `messages_max` that are there then: each but the
  /// last comes as Event::pushed with the tag. rejected_by_limit: somebody waits already.
  Result<RequestId> wait(std::size_t messages_max, Instant deadline, Tag tag);

  /// Such ids have this bit, which no position in a log reaches.
  static constexpr RequestId wait_bit = request_ids::first_wait;

  /// The one who waits does so no more, for this reason: poll_event() tells.
  void stop_waiting(RequestId wait, const Error& reason);
  void stop_waiting(const Error& reason) { stop_waiting(wait_, reason); }

  void handle_timeout(Session& session, Instant now);

  /// What an event of the session means to the one who uses the subscription: mostly nothing.
  std::optional<Event> handle_event(Session& session, const Event& event);

  /// First of what is polled: where reading is paused, and there is room now or somebody who waits,
  /// it goes on.
  std::optional<Event> resume(Session& session, Instant now);

  /// The message that somebody waits for.
  std::optional<Event> poll_event();

  /// Tells a new connection of the names that it does not know yet, as far as there is room.
  void restore(Session& session);

  /// Whether the last event shows a message that was kept: then it can be taken along.
  bool shows_kept() const { return delivered_.has_value(); }
  Reply take_kept() { return std::move(delivered_); }

  /// What is missing before the message that is the last event.
  const MessagesMissed& missed() const { return missed_; }

  bool waits() const { return waiting_ != Waiting::no; }
  Instant poll_timeout() const {
    return waiting_ == Waiting::yes ? std::min(deadline_, trim_at_) : trim_at_;
  }
  SubscriptionStatistics statistics(const Session& session) const;

 private:
  std::optional<Event> handle_pushed(Session& session, const Event& event);
  Event deliver(const Value& message, std::uint64_t gaps, std::uint64_t lost_before);
  std::optional<Event> handle_failed(const Event& event);
  Reader::Reserve reserve_for(const Session& session) const;
  void handle_restored(const Event& event);

  SubscriptionNames names_;
  MessageQueue messages_;
  Reply delivered_;  // what the last event shows
  Error error_;
  enum class Waiting : std::uint8_t { no, yes, stopped } waiting_ = Waiting::no;
  RequestId wait_ = wait_bit;
  std::size_t wanted_ = 0;      // messages
  bool has_delivered_ = false;  // of them
  Tag tag_ = 0;
  Instant deadline_ = never;
  Instant trim_at_ = never;  // when to look whether others need the memory
  bool took_some_ = false;   // so that there may be room for what is held
  bool was_ready_ = false;
  bool restoring_ = false;
  bool restore_wanted_ = false;
  std::size_t names_at_once_ = 1;
  std::uint64_t received_ = 0;
  std::uint64_t gaps_ = 0;
  std::uint64_t refused_ = 0;
  MessagesMissed missed_;
  std::uint64_t lost_reported_ = 0;
  std::uint64_t gaps_reported_ = 0;
};

}  // namespace plimsoll
