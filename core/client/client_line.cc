#include <algorithm>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/near_cache.h"

// The line of requests for which there was no room.

namespace plimsoll {
namespace {

// How long until memory is asked for again, where this client makes no progress by itself.
constexpr Duration room_again_wait = std::chrono::milliseconds(20);

constexpr Error others_wait{.code = ErrorCode::rejected_by_limit,
                            .what = "others wait for room already"};
constexpr Error nobody_waits{.code = ErrorCode::rejected_by_limit,
                             .what = "nobody waits for room",
                             .expected = "OnLimit::wait as inflight_overflow"};

}  // namespace

Result<RequestId> Client::refuse_to_overtake() { return count(others_wait); }

Result<RequestId> Client::wait_for_room(const CommandView& command, Instant now, Duration timeout,
                                        Tag tag) {
  const std::size_t bytes = encoded_size(command);
  // A recording has nothing of other connections.
  if (command.block_time != Duration::zero()) {
    if (const Status can = check_line(); !can) return can.error();
    return sides_.join(bytes, now, deadline_of(command, now, timeout), tag, admission_.size());
  }
  if (recorder_.on()) {
    recorder_.note_at(now, FlightRecord::wait,
                      {static_cast<std::uint64_t>(timeout.count()), tag, bytes});
  }
  Result<RequestId> id = join_line(command, bytes, now, timeout, tag);
  if (recorder_.on()) record_answer(id);
  return id;
}

Status Client::check_line() const {
  if (const Status open = check_open(); !open) return open.error();
  if (options().inflight_overflow == OnLimit::reject) return nobody_waits;
  return {};
}

Result<RequestId> Client::join_line(const CommandView& command, std::size_t bytes, Instant now,
                                    Duration timeout, Tag tag) {
  if (const Status can = check_line(); !can) return can.error();
  line_now_ = now;
  if (admission_.none()) room_again_at_ = never;
  const Admission* const sides = sides_.line();
  const Admission::Size beside = sides == nullptr ? Admission::Size() : sides->size();
  const Result<RequestId> id = admission_.join(bytes, deadline_of(now, timeout), tag, beside);
  if (id && near_) near_->note_waits(command, *id);
  return id;
}

RequestId Client::submit_admitted(const CommandView& command, Tag tag) {
  if (sides_.admitted() != nullptr) {
    PLIMSOLL_CHECK(command.block_time != Duration::zero());
    ++submitted_;
    return note_beside(command, sides_.submit_admitted(command, tag)).value();
  }
  PLIMSOLL_CHECK(std::exchange(admitted_, false));
  const Admission::Waiter waiter = admission_.first();
  PLIMSOLL_CHECK(encoded_size(command) == waiter.bytes);
  PLIMSOLL_CHECK(command.block_time == Duration::zero());
  if (recorder_.on()) record_admitted(command, tag);
  admission_.leave();
  const RequestId id = session_.submit_to_room(command, waiter.deadline, tag);
  if (near_) near_->note_staged(command, id);
  ++submitted_;
  if (recorder_.on()) record_answer(id);
  return id;
}

void Client::cancel_wait(RequestId id) {
  if (Admission::is_for_connection(id)) return sides_.cancel_wait(id);
  if (recorder_.on()) recorder_.note(FlightRecord::cancel, {id});
  if (admitted_ && admission_.first().id == id) {
    admitted_ = false;
    session_.release_room();
  }
  admission_.cancel(id);
}

void Client::handle_line_timeout(Instant now) {
  line_now_ = now;
  if (now >= room_again_at_) room_again_at_ = never;
  admission_.handle_timeout(now);
}

std::optional<Event> Client::poll_admission() {
  PLIMSOLL_CHECK(!admitted_);
  const std::optional<Event> event = poll_line();
  // The others wait for the first one.
  const std::size_t for_memory = room_again_at_ == never ? 0 : admission_.waiting_count();
  if (const std::size_t before = std::exchange(waiting_for_memory_, for_memory)) {
    accounts_.requests->add_waiting(-static_cast<int>(before));
  }
  if (for_memory > 0) accounts_.requests->add_waiting(static_cast<int>(for_memory));
  return event;
}

// Tells who waits no longer, or lets the first one in.
std::optional<Event> Client::poll_line() {
  const bool over = session_.is_closed();
  if (const auto ended = over ? admission_.take_closed() : admission_.next_ended()) {
    room_again_at_ = never;  // another may be first
    return waiter_failed(*ended);
  }
  if (over || admission_.none()) return std::nullopt;
  if (room_again_at_ != never && session_.counters().progress() == refused_progress_)
    return std::nullopt;
  const Admission::Waiter& first = admission_.first();
  switch (session_.make_room(first.bytes)) {
    case Pipeline::Room::made: break;
    case Pipeline::Room::no_place: room_again_at_ = never; return std::nullopt;
    case Pipeline::Room::no_memory:
      room_again_at_ = after(std::max(line_now_, session_.now()), room_again_wait);
      refused_progress_ = session_.counters().progress();
      return std::nullopt;
  }
  room_again_at_ = never;
  admitted_ = true;
  return Event{.kind = Event::Kind::admitted, .tag = first.tag};
}

Event Client::waiter_failed(const Ended& ended) {
  if (ended.code == ErrorCode::timed_out) {
    admission_error_ = {.what = "the request's deadline passed while it waited for room"};
  } else if (ended.code == ErrorCode::cancelled) {
    admission_error_ = {.what = "the request was cancelled while it waited for room"};
  } else {
    admission_error_ = session_.refusal();
  }
  admission_error_.code = ended.code;
  admission_error_.executed = ended.executed;
  return {.kind = Event::Kind::failed, .tag = ended.tag, .error = &admission_error_};
}

}  // namespace plimsoll
