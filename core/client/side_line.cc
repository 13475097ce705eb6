#include <algorithm>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/side_connections.h"

// The line of commands that block and found no connection: who is next, and what comes of those who
// wait no longer.

namespace plimsoll {
namespace {

// How long until memory is asked for again, where there is none for the first in line.
constexpr Duration memory_again_wait = std::chrono::milliseconds(20);

constexpr Error no_connections{.code = ErrorCode::rejected_by_limit,
                               .what = "blocking_connections_max is 0"};
constexpr Error no_room_for_line{.code = ErrorCode::rejected_by_limit,
                                 .what =
                                     "the connections pool has no room for a line of commands "
                                     "that wait for a connection"};

}  // namespace

Result<RequestId> SideConnections::join(std::size_t bytes, Instant now, Instant deadline, Tag tag,
                                        const Admission::Size& beside) {
  now_ = now;
  // Nobody would ever be admitted.
  if (options_.blocking_connections_max == 0) return no_connections;
  if (!make_table()) return no_room_for_line;
  Box<Line>& made = table_->line;
  if (!made) {
    // It stays when nobody waits any more, as the table does: no request is there to pay for that.
    made = Box<Line>::make(accounts_.connections, 0, accounts_.requests, options_.waiters_max);
  }
  if (!made) return no_room_for_line;
  if (table_->line->waiters.none()) table_->line->room_again_at = never;
  const Result<RequestId> id = table_->line->waiters.join(bytes, deadline, tag, beside);
  note_use();
  return id;
}

void SideConnections::cancel_wait(RequestId id) {
  PLIMSOLL_CHECK(has_line());
  if (table_->line->reserved && table_->line->waiters.first().id == id) release_room();
  table_->line->waiters.cancel(id);
}

// Those who cannot go on for want of memory would, with every event, ask for what others need.
Pipeline::Room SideConnections::make_room(std::size_t bytes) {
  std::optional<std::uint32_t> index = idle_one();
  if (!index) {
    if (blocking_count() >= options_.blocking_connections_max) return Pipeline::Room::no_place;
    const Result<std::uint32_t> opened = open(Role::blocking, now_);
    if (!opened) return Pipeline::Room::no_memory;
    index = *opened;
  }
  const Pipeline::Room room = table_->sides[*index]->session.make_room(bytes);
  if (room == Pipeline::Room::made) table_->line->reserved = index;
  return room;
}

void SideConnections::release_room() {
  table_->sides[*std::exchange(table_->line->reserved, std::nullopt)]->session.release_room();
}

RequestId SideConnections::submit_admitted(const CommandView& command, Tag tag) {
  PLIMSOLL_CHECK(admitted() != nullptr);
  const std::uint32_t index = *std::exchange(table_->line->reserved, std::nullopt);
  const Admission::Waiter waiter = table_->line->waiters.first();
  PLIMSOLL_CHECK(encoded_size(command) == waiter.bytes);
  table_->line->waiters.leave();
  note_use();
  const RequestId id = table_->sides[index]->session.submit_to_room(command, never, tag);
  return begin(index, id, waiter.deadline);
}

// Tells who waits no longer, or lets the first one in.
std::optional<Event> SideConnections::poll_line() {
  if (nobody_waits()) return std::nullopt;
  PLIMSOLL_CHECK(!table_->line->reserved);
  Admission& waiters = table_->line->waiters;
  const bool over = closing_ || main_.is_closed();
  const std::optional<Ended> ended = over ? waiters.take_closed() : waiters.next_ended();
  if (ended) {
    // Not noted yet: the client's own end is told behind this, and it asks for that only as long as
    // there is something beside the main connection.
    table_->line->room_again_at = never;  // another may be first
    return waiter_failed(*ended);
  }
  note_use();
  if (over || waiters.none()) return std::nullopt;
  Line& line = *table_->line;
  // The time alone is not enough: with a coarse clock a PING of the main connection may hold the
  // memory each time that the line asks again.
  const bool is_too_soon = line.room_again_at != never && now_ < line.room_again_at;
  if (is_too_soon && main_.counters().progress() == line.refused_progress) return std::nullopt;
  line.room_again_at = never;
  const Admission::Waiter& first = waiters.first();
  switch (make_room(first.bytes)) {
    case Pipeline::Room::made: return Event{.kind = Event::Kind::admitted, .tag = first.tag};
    case Pipeline::Room::no_place: return std::nullopt;
    case Pipeline::Room::no_memory:
      line.room_again_at = after(now_, memory_again_wait);
      line.refused_progress = main_.counters().progress();
      break;
  }
  return std::nullopt;
}

Event SideConnections::waiter_failed(const Ended& ended) {
  Error& error = table_->line->error;
  if (ended.code == ErrorCode::timed_out) {
    error = {.what = "the request's deadline passed while it waited for a connection"};
  } else if (ended.code == ErrorCode::cancelled) {
    error = {.what = "the request was cancelled while it waited for a connection"};
  } else {
    error = main_.refusal();
  }
  error.code = ended.code;
  error.executed = ended.executed;
  return {.kind = Event::Kind::failed, .tag = ended.tag, .error = &error};
}

}  // namespace plimsoll
