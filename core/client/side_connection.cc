#include "plimsoll/core/client/side_connection.h"

#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/session/problems.h"

namespace plimsoll::inline v0 {

std::optional<Event> SideConnection::end_command(const Event& event, Instant now) {
  const bool completed = event.kind == Event::Kind::completed;
  if (!completed && event.kind != Event::Kind::failed) return std::nullopt;
  PLIMSOLL_CHECK(busy);
  busy = false;
  deadline = out_of_time_at = unblock_at = never;
  idle_since = now;
  const Early why = std::exchange(early, Early::no);
  // If the server took an element for a command that was given up, the element is delivered all the
  // same, because it would be lost otherwise. Where a slot is served tells nothing.
  const bool is_elsewhere = !completed && is_about_slots(event.error->code);
  const bool nothing_came =
      completed ? event.value->is_null() : !event.value.has_value() || is_elsewhere;
  // Otherwise the rest of a reply that was given up would be taken for the next command's reply.
  if (!completed && event.error->code == ErrorCode::out_of_memory) session.abort();
  if (why == Early::no || why == Early::out_of_time || !nothing_came) return event;
  error = Error{.code = ErrorCode::cancelled, .what = "the request was cancelled"};
  if (why == Early::timed_out) {
    error = {.code = ErrorCode::timed_out, .what = session.deadline_passed()};
  }
  if (!completed) error.executed = event.error->executed;
  return Event{.kind = Event::Kind::failed, .tag = event.tag, .error = &error};
}

std::optional<Event> SideConnection::poll_subscription() {
  subscription->restore(session);
  std::optional<Event> event = subscription->poll_event();
  if (!event && session.state() == Session::State::closed) {
    Error reason = session.last_problem();
    reason.code = ErrorCode::closed;
    subscription->stop_waiting(reason);
    event = subscription->poll_event();
  }
  return event;
}

void SideConnection::settle(Instant now) {
  if (role != Role::exclusive || !given_up || session.in_flight() > 0) return;
  if (session.state() != Session::State::ready) return;
  role = Role::blocking;
  given_up = false;
  idle_since = now;
}

}  // namespace plimsoll::inline v0
