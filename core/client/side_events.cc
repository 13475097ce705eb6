#include <algorithm>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/side_connections.h"

// What the sessions of side connections say, and what of it their users are told.

namespace plimsoll {

bool SideConnections::is_idle(const Side& side) {
  return side.role == Role::blocking && !side.busy && !side.unblocking &&
         side.session.state() == Session::State::ready;
}

std::optional<Event> SideConnections::poll_event() {
  std::optional<Event> told = poll_sides();
  if (told) return told;
  drop_those_over();
  return poll_line();
}

std::optional<Event> SideConnections::poll_sides() {
  std::optional<Event> told;
  for_each([&](std::uint32_t, Side& side) {
    if (told) return;
    last_ = &side;
    now_ = std::max(now_, side.session.now());
    close_if_older(side);
    if (side.subscription) told = side.subscription->resume(side.session, now_);
    if (told) return;
    while (const std::optional<Event> event = side.session.poll_event()) {
      told = translate(side, *event);
      if (told) return;
    }
    if (side.subscription) told = poll_subscription(side);
    settle(side);
  });
  return told;
}

std::optional<Event> SideConnections::credentials_outcome(const Event& event) {
  if (event.kind != Event::Kind::queueing_failed) return std::nullopt;
  return Event{
      .kind = Event::Kind::credentials_refused, .value = event.value, .error = event.error};
}

std::optional<Event> SideConnections::translate(Side& side, const Event& event) {
  if (event.tag == own_auth) return credentials_outcome(event);
  if (event.tag == own_unwatch) {
    // What is watched still would end somebody else's transaction.
    if (event.kind == Event::Kind::failed) side.session.abort();
    return std::nullopt;
  }
  switch (side.role) {
    case Role::blocking: return translate_blocking(side, event);
    case Role::subscription: return side.subscription->handle_event(side.session, event);
    case Role::exclusive: break;
  }
  switch (event.kind) {
    case Event::Kind::completed:
    case Event::Kind::failed:
    case Event::Kind::queueing_failed: return event;
    case Event::Kind::ready:
    case Event::Kind::pushed:
    case Event::Kind::disconnected:
    case Event::Kind::closed:
    case Event::Kind::credentials_refused:
    case Event::Kind::admitted: return std::nullopt;
  }
  return std::nullopt;
}

Result<Reply> SideConnections::keep_reply() {
  PLIMSOLL_CHECK(last_ != nullptr);
  if (last_->subscription && last_->subscription->shows_kept()) {
    return last_->subscription->take_kept();
  }
  return last_->session.keep_reply();
}

std::optional<Event> SideConnections::translate_blocking(Side& side, const Event& event) {
  const bool completed = event.kind == Event::Kind::completed;
  if (!completed && event.kind != Event::Kind::failed) return std::nullopt;
  PLIMSOLL_CHECK(side.busy);
  side.busy = false;
  side.deadline = side.unblock_at = never;
  side.idle_since = now_;
  const Early early = std::exchange(side.early, Early::no);
  // What was taken for the one who waits no longer is told all the same: it would be lost.
  const bool nothing_came = completed ? event.value->is_null() : !event.value.has_value();
  // What is still to come of a reply that was given up would be the next command's.
  if (!completed && event.error->code == ErrorCode::out_of_memory) side.session.abort();
  if (early == Early::no || !nothing_came) return event;
  side.error = Error{.code = ErrorCode::cancelled, .what = "the request was cancelled"};
  if (early == Early::timed_out) {
    side.error = {.code = ErrorCode::timed_out, .what = side.session.deadline_passed()};
  }
  if (!completed) side.error.executed = event.error->executed;
  return Event{.kind = Event::Kind::failed, .tag = event.tag, .error = &side.error};
}

std::optional<Event> SideConnections::poll_subscription(Side& side) {
  Subscription& subscription = *side.subscription;
  subscription.restore(side.session);
  std::optional<Event> event = subscription.poll_event();
  if (!event && side.session.state() == Session::State::closed) {
    Error reason = side.session.last_problem();
    reason.code = ErrorCode::closed;
    subscription.stop_waiting(reason);
    event = subscription.poll_event();
  }
  return event;
}

// A connection that its user gave back serves others once nothing of his is under way.
void SideConnections::settle(Side& side) {
  if (side.role != Role::exclusive || !side.given_up || side.session.in_flight() > 0) return;
  if (side.session.state() != Session::State::ready) return;
  side.role = Role::blocking;
  side.given_up = false;
  side.idle_since = now_;
}

// Closes an idle connection that is older than the main one: a command that blocks on it could not
// be unblocked (is_known_to_main()), so the next such command opens a new one.
void SideConnections::close_if_older(Side& side) {
  const std::uint64_t main = main_number();
  if (main != 0 && side.opened_beside != main && is_idle(side)) side.session.close(now_);
}

// In doubt, it may still meet the command that comes next on that connection.
void SideConnections::handle_unblocked(Tag own_tag, const Event& event) {
  const auto index = static_cast<std::uint32_t>(own_tag - own_unblock_first);
  if ((used_ >> index & 1) == 0) return;
  Side& side = *table_->sides[index];
  if (!std::exchange(side.unblocking, false)) return;
  const bool refused = event.kind == Event::Kind::failed && event.value.has_value();
  const bool lost = event.kind == Event::Kind::failed && !event.value.has_value();
  if (lost || (refused && side.busy)) return cut(side);
  if (side.busy) side.unblock_at = after(now_, unblock_again_wait);
}

void SideConnections::drop_those_over() {
  for_each([this](std::uint32_t index, Side& side) {
    const bool waited_for = side.subscription && side.subscription->waits();
    const bool unused = side.role == Role::blocking ? !side.unblocking : side.given_up;
    if (!side.session.is_over() || waited_for || !unused) return;
    if (last_ == &side) last_ = nullptr;
    table_->sides[index] = {};
    used_ &= ~(std::uint64_t{1} << index);
  });
  note_use();
}

bool SideConnections::have_said_all() const {
  bool all = nobody_waits();
  for_each([&all](std::uint32_t, const Side& side) {
    const bool waited_for = side.subscription && side.subscription->waits();
    all = all && side.session.has_said_all() && !waited_for;
  });
  return all;
}

void SideConnections::validate() {
  for_each([](std::uint32_t, Side& side) {
    side.session.validate();
    PLIMSOLL_CHECK(side.role == Role::blocking || !side.busy);
    PLIMSOLL_CHECK((side.role == Role::subscription) == static_cast<bool>(side.subscription));
    PLIMSOLL_CHECK(side.busy || side.early == Early::no);
  });
  if (has_line()) table_->line->waiters.validate();
  PLIMSOLL_CHECK(none_ == (used_ == 0 && nobody_waits()));
  PLIMSOLL_CHECK(subscriptions_count() <= options_.subscriptions_max);
  PLIMSOLL_CHECK(blocking_count() <= options_.blocking_connections_max);
}

}  // namespace plimsoll
