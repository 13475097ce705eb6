#include "plimsoll/core/client/subscription.h"

#include <algorithm>
#include <array>
#include <utility>

#include "plimsoll/core/base/check.h"

namespace plimsoll {
namespace {

// The most names that one request restores.
constexpr std::size_t restored_at_once_max = 128;

// How often to check whether other accounts need the memory of queued messages; and how long to
// wait between drops until enough memory is given back.
constexpr Duration trim_wait = std::chrono::seconds(1);
constexpr Duration trim_again_wait = std::chrono::milliseconds(10);

std::string_view subscribe_word(SubscriptionKind kind) {
  switch (kind) {
    case SubscriptionKind::channel: return "SUBSCRIBE";
    case SubscriptionKind::pattern: return "PSUBSCRIBE";
    case SubscriptionKind::shard: return "SSUBSCRIBE";
  }
  return {};
}

std::string_view unsubscribe_word(SubscriptionKind kind) {
  switch (kind) {
    case SubscriptionKind::channel: return "UNSUBSCRIBE";
    case SubscriptionKind::pattern: return "PUNSUBSCRIBE";
    case SubscriptionKind::shard: return "SUNSUBSCRIBE";
  }
  return {};
}

// Marked as a read, so that it is sent again after a loss. Subscribing twice has the effect of
// once.
CommandView confirmed(const std::string_view& word, std::span<const std::string_view> names) {
  CommandView command;
  command.args = {&word, 1};
  command.more_args = names;
  command.effect = CommandView::Effect::read;
  command.answer = CommandView::Answer::confirmations;
  command.answers = static_cast<std::uint16_t>(names.size());
  return command;
}

// Whether the server's error is NOSUB: it answers UNSUBSCRIBE with it on a connection without
// subscriptions.
bool says_not_subscribed(const Event& event) {
  if (!event.value) return false;
  const auto text = event.value->as_error();
  return text && text->starts_with("NOSUB");
}

Status validate(std::span<const std::string_view> names) {
  if (!names.empty() && names.size() <= subscription_names_max) return {};
  return Error{.code = ErrorCode::invalid_argument,
               .what = names.empty() ? "no channel is named" : "too many channels at once",
               .expected = "one at least, and subscription_names_max at most",
               .value = names.size(),
               .limit = subscription_names_max};
}

}  // namespace

Result<RequestId> Subscription::subscribe(Session& session, SubscriptionKind kind,
                                          std::span<const std::string_view> names, Instant deadline,
                                          Tag tag) {
  if (const Status valid = validate(names); !valid) return valid.error();
  if (const Status added = names_.add(kind, names, tag); !added) return added.error();
  const std::string_view word = subscribe_word(kind);
  Result<RequestId> id = session.submit(confirmed(word, names), deadline, tag);
  if (!id) names_.forget(tag);
  return id;
}

Result<RequestId> Subscription::unsubscribe(Session& session, SubscriptionKind kind,
                                            std::span<const std::string_view> names,
                                            Instant deadline, Tag tag) {
  if (const Status valid = validate(names); !valid) return valid.error();
  const std::string_view word = unsubscribe_word(kind);
  Result<RequestId> id = session.submit(confirmed(word, names), deadline, tag);
  if (id) names_.remove(kind, names);
  return id;
}

Result<RequestId> Subscription::wait(std::size_t messages_max, Instant deadline, Tag tag) {
  if (waits()) {
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "another call waits for the next message of this subscription already",
                 .limit = 1};
  }
  waiting_ = Waiting::yes;
  wanted_ = std::max<std::size_t>(messages_max, 1);
  has_delivered_ = false;
  deadline_ = deadline;
  tag_ = tag;
  return ++wait_;
}

void Subscription::stop_waiting(RequestId wait, const Error& reason) {
  if (wait != wait_ || waiting_ != Waiting::yes) return;
  waiting_ = Waiting::stopped;
  error_ = reason;
}

void Subscription::handle_timeout(Session& session, Instant now) {
  if (waiting_ == Waiting::yes && now >= deadline_) {
    stop_waiting(Error{.code = ErrorCode::timed_out,
                       .what = session.waits_for_memory() ? session.deadline_passed()
                                                          : "no message came within the timeout"});
  }
  if (now < trim_at_) return;
  const bool again = messages_.trim();
  trim_at_ = messages_.empty() ? never : after(now, again ? trim_again_wait : trim_wait);
}

std::optional<Event> Subscription::poll_event() {
  forget_delivered();
  if (waiting_ == Waiting::no) return std::nullopt;
  if (waiting_ == Waiting::yes && !messages_.empty()) {
    MessageQueue::Message oldest = messages_.take();
    delivered_ = std::move(oldest.reply);
    took_some_ = true;
    return deliver(delivered_.value(), oldest.gaps, oldest.lost);
  }
  // If some messages were delivered, the wait has succeeded, whatever ended the wait for more.
  if (has_delivered_) {
    waiting_ = Waiting::no;
    return Event{.kind = Event::Kind::completed, .tag = tag_};
  }
  if (waiting_ == Waiting::yes) return std::nullopt;
  waiting_ = Waiting::no;
  return Event{.kind = Event::Kind::failed, .tag = tag_, .error = &error_};
}

Event Subscription::deliver(const Value& message, std::uint64_t gaps, std::uint64_t lost_before) {
  const std::uint64_t lost = lost_before + messages_.lost_for_room();
  missed_ = {.lost = lost - std::exchange(lost_reported_, lost),
             .gaps = gaps - std::exchange(gaps_reported_, gaps)};
  has_delivered_ = true;
  const bool last = --wanted_ == 0;
  if (last) waiting_ = Waiting::no;
  return Event{
      .kind = last ? Event::Kind::completed : Event::Kind::pushed, .tag = tag_, .value = message};
}

std::optional<Event> Subscription::handle_event(Session& session, const Event& event) {
  forget_delivered();
  switch (event.kind) {
    case Event::Kind::pushed: return handle_pushed(session, event);
    case Event::Kind::ready:
      if (was_ready_) {
        names_.handle_new_connection();
        restoring_ = false;
        restore_wanted_ = true;
        names_at_once_ = restored_at_once_max;
        restore(session);
      }
      was_ready_ = true;
      return std::nullopt;
    case Event::Kind::disconnected: ++gaps_; return std::nullopt;
    case Event::Kind::completed:
      if (event.tag == internal_restore) {
        handle_restored(event);
        restore(session);
        return std::nullopt;
      }
      names_.confirm(event.tag);
      return event;
    case Event::Kind::failed:
      if (event.tag == internal_restore) {
        handle_restored(event);
        restore(session);
        return std::nullopt;
      }
      return handle_failed(event);
    case Event::Kind::queueing_failed:
    case Event::Kind::credentials_refused:
    case Event::Kind::admitted:
    case Event::Kind::closed: return std::nullopt;
  }
  return std::nullopt;
}

// Delivers the message at once if a call waits and the queue is empty.
std::optional<Event> Subscription::handle_pushed(Session& session, const Event& event) {
  if (takes_pushes()) {
    ++received_;
    return deliver(*event.value, gaps_, messages_.lost_before_next(session));
  }
  if (!messages_.push(session, gaps_)) {
    if (session.state() == Session::State::ready && session.hold_push()) return std::nullopt;
    messages_.lose_newest();
  }
  ++received_;
  const bool may_trim = !messages_.pauses() && !messages_.empty();
  if (may_trim && trim_at_ == never) trim_at_ = after(session.now(), trim_wait);
  return std::nullopt;
}

// With pause_reading, messages are not read to the progress reserve unless a call waits for them.
// They could not be queued for lack of memory, and could not stay in the reserve either.
Reader::Reserve Subscription::reserve_for(const Session& session) const {
  const bool asked_for = waiting_ == Waiting::yes || session.in_flight() > 0;
  const bool leaves = messages_.pauses() && session.state() == Session::State::ready &&
                      (!messages_.empty() || !asked_for);
  return leaves ? Reader::Reserve::leave : Reader::Reserve::use;
}

std::optional<Event> Subscription::resume(Session& session, Instant now) {
  forget_delivered();
  const bool took_some = std::exchange(took_some_, false);
  if (!messages_.pauses()) return std::nullopt;
  const Reader::Reserve reserve = reserve_for(session);
  session.set_reserve(reserve);
  if (!session.is_paused()) return std::nullopt;
  if (!session.holds_push()) {
    if (took_some || reserve == Reader::Reserve::use) session.resume(now);
    return std::nullopt;
  }
  std::optional<Event> event;
  if (takes_pushes()) {
    event = deliver(session.held_push(), gaps_, messages_.lost_before_next(session));
  } else if (session.state() != Session::State::ready) {
    messages_.lose_newest();
  } else if (!took_some || !messages_.append(session, gaps_)) {
    return std::nullopt;
  }
  ++received_;
  session.resume(now);
  return event;
}

std::optional<Event> Subscription::handle_failed(const Event& event) {
  if (says_not_subscribed(event)) {
    return Event{.kind = Event::Kind::completed, .tag = event.tag, .value = event.value};
  }
  names_.forget(event.tag);
  return event;
}

// If the server's access rules have changed, it may refuse some of the names. Restoring them one by
// one then finds which.
void Subscription::handle_restored(const Event& event) {
  restoring_ = false;
  if (event.kind == Event::Kind::completed) return names_.handle_restored();
  const bool refused = event.value.has_value();
  if (!refused) return names_.handle_not_restored();
  if (names_at_once_ == 1) {
    ++refused_;
    return names_.drop_refused();
  }
  names_at_once_ = 1;
  names_.handle_not_restored();
}

void Subscription::restore(Session& session) {
  if (!restore_wanted_ || restoring_ || session.state() != Session::State::ready) return;
  std::array<std::string_view, restored_at_once_max> names;
  SubscriptionKind kind{};
  const std::size_t count = names_.begin_to_restore(std::span(names).first(names_at_once_), kind);
  if (count == 0) {
    restore_wanted_ = false;
    return;
  }
  const std::string_view word = subscribe_word(kind);
  restoring_ =
      session.submit_internal(confirmed(word, std::span(names).first(count)), internal_restore);
  if (!restoring_) names_.handle_not_restored();
}

SubscriptionStatistics Subscription::statistics(const Session& session) const {
  return {.names = names_.size(),
          .queued = messages_.size(),
          .queued_bytes = messages_.bytes(),
          .paused = session.is_paused(),
          .received = received_ + session.counters().pushes_skipped,
          .lost = messages_.lost_before_next(session) + messages_.lost_for_room(),
          .gaps = gaps_,
          .refused = refused_};
}

}  // namespace plimsoll
