#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/client/message_queue.h"
#include "plimsoll/core/client/subscription_names.h"
#include "plimsoll/core/resp/reply.h"
#include "plimsoll/core/session/session.h"

// One subscription of a user: its names, which are subscribed again on each new connection, and its
// messages, until the user takes them. One call at a time can wait for the next message.
//
// Invariants:
//  - A name is sent to each new connection until the user unsubscribes it, or the server refuses it
//    (subscription_names.h has its states). It is also sent again if the server ends it unasked, as
//    it does when a cluster moves the slot of a shard channel.
//  - For each name that the server refuses to restore, the user gets a push like the server's own
//    at the end of a subscription, behind all messages of that name.
//  - Messages are delivered in the order in which they came. Messages lost by overflow, and gaps
//    are counted at their place in that order (MessagesMissed).
//  - If pause_reading is the policy, no message is lost for lack of room in the queue: the next
//    message stays in the session's reader (Session::hold_push()), and the connection is not read
//    until there is room.

namespace plimsoll::inline v0 {

struct SubscriptionStatistics {
  std::size_t names = 0;
  std::size_t queued = 0;        ///< messages
  std::size_t queued_bytes = 0;  ///< the memory of these messages
  bool paused = false;           ///< nothing is read until a message is taken (pause_reading)
  std::uint64_t received = 0;    ///< messages, including those that were lost here
  std::uint64_t lost = 0;        ///< because there was no room to keep them
  std::uint64_t gaps = 0;        ///< see MessagesMissed
  std::uint64_t refused = 0;     ///< names that the server refused to restore after a gap
};

/// What was missed between the message before this one and this one.
struct MessagesMissed {
  std::uint64_t lost = 0;  ///< because there was no room
  /// How often the connection was lost, or names were subscribed again that the server had ended;
  /// each time, an unknown number of messages is missing.
  std::uint64_t gaps = 0;
};

class Subscription {
 public:
  /// The accounts must outlive this object. All functions with a `session` must get the same one,
  /// that of this subscription's connection; the object keeps no reference to it.
  Subscription(Account& connections, Account& pushes, const SessionOptions& options)
      : names_(connections, options.random_seed),
        messages_(pushes, options.subscription_messages_max, options.subscription_overflow) {}

  /// Stages SUBSCRIBE, PSUBSCRIBE or SSUBSCRIBE. The request completes when the server has
  /// confirmed every name; until then it is sent again on every new connection, at most
  /// SessionOptions::read_resends_max times. Errors: invalid_argument, rejected_by_limit, closed.
  Result<RequestId> subscribe(Session& session, SubscriptionKind kind,
                              std::span<const std::string_view> names, Instant deadline, Tag tag);
  Result<RequestId> unsubscribe(Session& session, SubscriptionKind kind,
                                std::span<const std::string_view> names, Instant deadline, Tag tag);

  /// Waits for the next message, then takes the queued messages, up to `messages_max`. Each comes
  /// as Event::pushed with the tag; only message number `messages_max` comes with the outcome.
  /// rejected_by_limit: another call waits already.
  Result<RequestId> wait(std::size_t messages_max, Instant deadline, Tag tag);

  /// Ids of waits have this bit, which no position in a request log reaches.
  static constexpr RequestId wait_bit = request_ids::first_wait;

  /// Ends a wait with this error. poll_event() reports the end.
  void stop_waiting(RequestId wait, const Error& reason);
  void stop_waiting(const Error& reason) { stop_waiting(wait_, reason); }

  void handle_timeout(Session& session, Instant now);

  /// Handles an event of the session; returns the event for the subscription's user, if any.
  std::optional<Event> handle_event(Session& session, const Event& event);

  /// Must be polled first. If reading is paused, resumes it once there is room, or a call that
  /// waits. Also returns the end of a name, so that a crowd of messages cannot hold it up.
  std::optional<Event> resume(Session& session, Instant now);

  /// Returns a queued message, the end of a name or the end of the wait, if a call waits.
  std::optional<Event> poll_event();

  /// Subscribes names again on a new connection, a limited number of names at a time.
  void restore(Session& session);

  /// Whether the last event's message lies here, not in the session's reader; take_kept() then
  /// returns it.
  bool shows_kept() const { return shows_kept_; }
  Reply take_kept() { return std::move(delivered_); }

  /// What was missed before the message that is the last event.
  const MessagesMissed& missed() const { return missed_; }

  bool waits() const { return waiting_ != Waiting::no; }
  /// Whether the next message that the server pushes is delivered at once, not queued.
  bool takes_pushes() const { return waiting_ == Waiting::yes && messages_.empty(); }
  Instant poll_timeout() const {
    return waiting_ == Waiting::yes ? std::min(deadline_, trim_at_) : trim_at_;
  }
  SubscriptionStatistics statistics(const Session& session) const;

 private:
  void forget_shown() {
    if (!shows_kept_) return;
    delivered_ = Reply();
    shows_kept_ = false;
  }
  bool tells_refused() const {
    return waiting_ == Waiting::yes && names_.has_refused() &&
           (messages_.empty() || messages_.left() >= refused_at_);
  }
  std::optional<Event> handle_pushed(Session& session, const Event& event);
  void handle_end(Session& session, const Value& push);
  Event deliver(const Value& message, std::uint64_t gaps, std::uint64_t lost_before);
  Event deliver_refused();
  Reader::Reserve reserve_for(const Session& session) const;
  void handle_restored(const Event& event);

  enum class Waiting : std::uint8_t { no, yes, stopped };

  SubscriptionNames names_;
  MessageQueue messages_;
  Reply delivered_;  // the last event's message, if shows_kept_
  Error error_;
  RequestId wait_ = wait_bit;
  std::size_t wanted_ = 0;  // messages that the wait may still take
  Tag tag_ = 0;
  Instant deadline_ = never;
  Instant trim_at_ = never;  // when to check whether other accounts need the memory
  Waiting waiting_ = Waiting::no;
  bool has_delivered_ = false;  // the wait has had a message
  bool shows_kept_ = false;
  bool took_some_ = false;  // a message was taken, so there may be room for the held push
  bool was_ready_ = false;
  bool restoring_ = false;
  bool restore_wanted_ = false;
  bool ended_unasked_ = false;  // ... because the server has ended names
  std::uint32_t names_at_once_ = 1;
  std::uint32_t names_restoring_ = 0;
  std::uint64_t refused_at_ = 0;  // MessageQueue::left() when the user may be told of refused names
  std::uint64_t received_ = 0;
  std::uint64_t gaps_ = 0;
  std::uint64_t refused_ = 0;
  MessagesMissed missed_;
  std::uint64_t lost_reported_ = 0;
  std::uint64_t gaps_reported_ = 0;
};

}  // namespace plimsoll::inline v0
