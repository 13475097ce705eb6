#include "plimsoll/core/client/side_connection.h"

#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/core/session/problems.h"

namespace plimsoll::inline v0 {

namespace {

// A command that has blocked for so long has not been sent to and fro.
constexpr Duration rests_after = std::chrono::seconds(1);

bool is_watch(const CommandView& command) {
  const commands::Row* const row = commands::row_of(command);
  return row != nullptr && commands::number_of(*row) == commands::row_numbers::watch;
}

}  // namespace

void SideConnection::begin_command(RequestId id, Instant now) {
  busy = true;
  early = Early::no;
  request = id;
  here_since = now;
}

// What a command that is not known does is not known either. The end of a transaction ends all
// watches.
void SideConnection::note_watched(RequestId id, const CommandView& command) {
  const commands::Row* const row = commands::row_of(command);
  const bool is_transaction = command.answers > 1 && command.answer == CommandView::Answer::replies;
  const bool ends = is_transaction ||
                    (row != nullptr && commands::number_of(*row) == commands::row_numbers::unwatch);
  const bool watches = is_watch(command);
  may_watch |= row == nullptr || watches;
  if (watches) {
    watched_once = watched == no_slot;
    if (watched_once) watched_since = id;
    watched = journey.slot;
  }
  if (!ends) return;
  watched = no_slot;
  watch_failed = false;
}

bool SideConnection::begins_anew_with(const CommandView& command) const {
  return watch_failed && is_watch(command);
}

void SideConnection::note_refused(const Event& event, Instant now) {
  if (role == Role::blocking && now - here_since >= rests_after) {
    journey.hops = 0;
    journey.waits = 0;
  }
  const RequestId refused = session.handed().id;
  if (watched == no_slot || refused < watched_since) return;
  if (watched_once && refused == watched_since) {
    watched = no_slot;  // nothing is watched, since the WATCH itself was refused
  } else {
    watch_failed |= is_about_slots(event.error->code);
  }
}

std::optional<Event> SideConnection::end_command(const Event& event, Instant now) {
  const bool completed = event.kind == Event::Kind::completed;
  if (!completed && event.kind != Event::Kind::failed) return std::nullopt;
  PLIMSOLL_CHECK(busy);
  busy = false;
  deadline = out_of_time_at = unblock_at = never;
  idle_since = now;
  const Early why = std::exchange(early, Early::no);
  // If the server took an element for a command that was given up, the element is delivered all the
  // same, because it would be lost otherwise. Where a slot is served tells nothing, nor does
  // a node of a cluster that is a replica now (UNBLOCKED).
  const bool is_unblocked = node != no_node && !completed &&
                            event.error->code == ErrorCode::server_error &&
                            event.error->executed == Executed::no;
  const bool is_elsewhere = is_unblocked || (!completed && is_about_slots(event.error->code));
  const bool nothing_came =
      completed ? event.value->is_null() : !event.value.has_value() || is_elsewhere;
  // Otherwise the rest of a reply that was given up would be taken for the next command's reply.
  if (!completed && event.error->code == ErrorCode::out_of_memory) session.abort();
  const bool is_its_end = why == Early::out_of_time && completed;
  if (why == Early::no || is_its_end || !nothing_came) return event;
  error = Error{.code = ErrorCode::cancelled, .what = "the request was cancelled"};
  if (why != Early::cancelled) {
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
