#include "plimsoll/core/client/room_waiters.h"

#include <utility>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {

bool RoomWaiters::cancel(RequestId id) {
  const bool had_room = is_admitted_ && queue_.first().id == id;
  if (had_room) is_admitted_ = false;
  queue_.cancel(id);
  return had_room;
}

void RoomWaiters::handle_timeout(Instant now) {
  now_ = now;
  retry_.handle_timeout(now);
  queue_.handle_timeout(now);
}

Admission::Waiter RoomWaiters::take_admitted() {
  PLIMSOLL_CHECK(std::exchange(is_admitted_, false));
  const Admission::Waiter waiter = queue_.first();
  queue_.leave();
  return waiter;
}

std::optional<Ended> RoomWaiters::next_ended(bool is_over) {
  PLIMSOLL_CHECK(!is_admitted_);
  const std::optional<Ended> ended = is_over ? queue_.take_closed() : queue_.next_ended();
  if (ended) retry_.forget();  // the first may be another one now
  return ended;
}

std::optional<Event> RoomWaiters::handle_room(Pipeline::Room room, Instant now,
                                              std::uint64_t progress) {
  retry_.forget();
  switch (room) {
    case Pipeline::Room::made:
      is_admitted_ = true;
      return Event{.kind = Event::Kind::admitted, .tag = queue_.first().tag};
    case Pipeline::Room::no_memory:
      retry_.note_refused(std::max(now_, now), progress);
      return std::nullopt;
    case Pipeline::Room::no_place: return std::nullopt;
  }
  return std::nullopt;
}

void RoomWaiters::report_waiting(Account& requests) {
  const std::size_t waiting = retry_.is_waiting() ? queue_.waiting_count() : 0;
  const auto for_memory = static_cast<std::uint32_t>(waiting);
  if (const std::uint32_t before = std::exchange(reported_, for_memory)) {
    requests.add_waiting(-static_cast<int>(before));
  }
  if (for_memory > 0) requests.add_waiting(static_cast<int>(for_memory));
}

}  // namespace plimsoll::inline v0
