#include "plimsoll/core/client/subscription.h"

#include <algorithm>
#include <array>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/session/confirmation.h"

namespace plimsoll::inline v0 {
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

std::optional<SubscriptionKind> kind_that_ends(const BytesView& word) {
  const auto found = std::find_if(end_words.begin(), end_words.end(),
                                  [&word](std::string_view each) { return word == each; });
  if (found == end_words.end()) return std::nullopt;
  return static_cast<SubscriptionKind>(found - end_words.begin());
}

// Whether a push is about a subscription, and so is no message. "message", "pmessage" and
// "smessage" have fewer letters than all words for that. There are many messages, so this looks at
// the length first.
bool is_confirmation(const Value& push) {
  const Node* const list = push.node();
  const bool is_list = list->type == Type::push || list->type == Type::array;
  if (!is_list || list->size == 0) return false;
  const Node* const word = follow(list + 1);
  constexpr std::size_t longest_of_messages = std::string_view("smessage").size();
  if (word->type == Type::bulk_string && word->size <= longest_of_messages) return false;
  return is_about(push, "subscribe");
}

// Marked as a read, so that it is sent again after a loss. Subscribing twice has the effect of
// once.
CommandView confirmed(const std::string_view& word, std::span<const std::string_view> names,
                      CommandView::Answer answer = CommandView::Answer::confirmations) {
  CommandView command;
  command.args = {&word, 1};
  command.more_args = names;
  command.effect = CommandView::Effect::read;
  command.answer = answer;
  command.answers = static_cast<std::uint16_t>(names.size());
  return command;
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
  Result<RequestId> id =
      session.submit(confirmed(word, names, CommandView::Answer::ends), deadline, tag);
  if (!id) return id;
  names_.remove(kind, names);
  // A cluster's server may answer this one twice. If the PING finds no room, the second answer
  // costs the connection.
  if (kind == SubscriptionKind::shard && session.may_ping()) {
    constexpr std::string_view ping = "PING";
    CommandView behind;
    behind.args = {&ping, 1};
    static_cast<void>(session.submit_internal(behind, internal_end_of_answers));
  }
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
  forget_shown();
  if (waiting_ == Waiting::no) return std::nullopt;
  if (tells_refused()) return deliver_refused();
  if (waiting_ == Waiting::yes && !messages_.empty()) {
    MessageQueue::Message oldest = messages_.take();
    delivered_ = std::move(oldest.reply);
    shows_kept_ = true;
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

// The message behind it says what is missing before it.
Event Subscription::deliver_refused() {
  delivered_ = names_.take_refused();
  shows_kept_ = true;
  return deliver(delivered_.value(), gaps_reported_, lost_reported_ - messages_.lost_for_room());
}

std::optional<Event> Subscription::handle_event(Session& session, const Event& event) {
  forget_shown();
  switch (event.kind) {
    case Event::Kind::pushed: return handle_pushed(session, event);
    case Event::Kind::ready:
      if (was_ready_) {
        names_.handle_new_connection();
        restoring_ = ended_unasked_ = false;
        restore_wanted_ = true;
        names_at_once_ = restored_at_once_max;
        restore(session);
      }
      was_ready_ = true;
      return std::nullopt;
    case Event::Kind::disconnected: ++gaps_; return std::nullopt;
    case Event::Kind::completed:
      if (event.tag == internal_end_of_answers) return std::nullopt;
      if (event.tag == internal_restore) {
        handle_restored(event);
        restore(session);
        return std::nullopt;
      }
      names_.confirm(event.tag);
      handle_end(session, *event.value);
      return event;
    case Event::Kind::failed:
      if (event.tag == internal_end_of_answers) return std::nullopt;
      if (event.tag == internal_restore) {
        handle_restored(event);
        restore(session);
        return std::nullopt;
      }
      names_.forget(event.tag);
      return event;
    case Event::Kind::queueing_failed:
    case Event::Kind::credentials_refused:
    case Event::Kind::admitted:
    case Event::Kind::closed: return std::nullopt;
  }
  return std::nullopt;
}

// Delivers the message at once if a call waits and the queue is empty.
std::optional<Event> Subscription::handle_pushed(Session& session, const Event& event) {
  if (is_confirmation(*event.value)) {
    handle_end(session, *event.value);
    return std::nullopt;
  }
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

// If the push says that the server has ended a name which the user wants, subscribes to it again. A
// cluster's server ends all shard channels of a slot that moves, also if the slot moves to another
// server of the same shard, which still serves them.
void Subscription::handle_end(Session& session, const Value& push) {
  const auto elements = push.as_elements();
  if (!elements || elements->size() != 3) return;
  auto at = elements->begin();
  const auto word = (*at).as_bytes();
  const auto name = (*++at).as_bytes();
  if (!word || !name) return;
  const std::optional<SubscriptionKind> kind = kind_that_ends(*word);
  if (!kind || !names_.handle_ended(*kind, *name)) return;
  if (!std::exchange(restore_wanted_, true)) names_at_once_ = restored_at_once_max;
  ended_unasked_ = true;
  restore(session);
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
  forget_shown();
  if (tells_refused()) return deliver_refused();
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

// If the server's access rules have changed, or if a slot has moved, the server may refuse some of
// the names. Restoring them one by one then finds which.
void Subscription::handle_restored(const Event& event) {
  restoring_ = false;
  if (event.kind == Event::Kind::completed) {
    if (ended_unasked_) ++gaps_;
    return names_.handle_restored();
  }
  const bool refused = event.value.has_value();
  if (!refused) return names_.handle_not_restored();
  if (names_restoring_ == 1) {
    ++refused_;
    refused_at_ = messages_.left_when_empty();
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
    restore_wanted_ = ended_unasked_ = false;
    return;
  }
  names_restoring_ = static_cast<std::uint32_t>(count);
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

}  // namespace plimsoll::inline v0
