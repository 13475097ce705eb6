#include "plimsoll/core/client/admission.h"

#include <algorithm>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/session/request_log.h"

namespace plimsoll::inline v0 {

Error Admission::refuse(const char* what, std::uint64_t value, std::uint64_t limit) {
  ++refused_count_;
  return {.code = ErrorCode::rejected_by_limit, .what = what, .value = value, .limit = limit};
}

// Drivers keep the commands of waiters in the same pool. If waiters could use the whole pool, there
// would be no room left to admit any of them.
Result<RequestId> Admission::join(std::size_t bytes, Instant deadline, Tag tag, const Size& other,
                                  const Place& place) {
  if (bytes > waiters_.payer().budget().limit(PoolKind::requests)) {
    ++refused_count_;
    return Pipeline::lack_of_room(waiters_.payer(), bytes);
  }
  const std::size_t bytes_max = waiters_.payer().budget().share(PoolKind::requests) / 2;
  const std::size_t waiters_max = waiters_.size_max() / 2;
  const std::size_t waiters = size().waiters + other.waiters;
  if (waiters >= waiters_max) return refuse("waiters_max is reached", waiters, waiters_max);
  const std::size_t aside = place.is_bounded ? (*lanes_)[place.lane].waiters : 0;
  if (const std::size_t most = std::max<std::size_t>(1, waiters_max / 4); aside >= most) {
    return refuse("those who wait for a node in doubt may be a quarter of waiters_max", aside,
                  most);
  }
  if (waiters_.size() == waiters_.size_max()) erase_delivered();
  const std::size_t others_bytes = waiting_bytes_ + other.bytes;
  const bool too_long = std::uint64_t{bytes} > RequestLog::request_bytes_max;
  if (too_long || bytes > bytes_max - std::min(others_bytes, bytes_max)) {
    return refuse("the requests that wait may have half of the requests pool's share",
                  others_bytes + bytes, bytes_max);
  }
  const std::size_t aside_bytes = aside == 0 ? 0 : (*lanes_)[place.lane].bytes;
  if (aside > 0 && aside_bytes + bytes > bytes_max / 4) {
    return refuse("requests that wait for a node in doubt may have an eighth of the requests pool",
                  aside_bytes + bytes, bytes_max / 4);
  }
  const Waiter waiter{.tag = tag,
                      .deadline = deadline,
                      .id = last_id_ + 1,
                      .bytes = static_cast<std::uint32_t>(bytes),
                      .slot = place.slot,
                      .state = Waiter::State::waiting,
                      .lane = place.lane};
  if (waiters_.push_back(waiter) != Queue<Waiter>::Push::accepted) {
    return refuse("the requests pool has no room for one more to wait", sizeof(Waiter),
                  2 * bytes_max);
  }
  ++last_id_;
  ++waiting_count_;
  waiting_bytes_ += bytes;
  next_deadline_ = std::min(next_deadline_, deadline);
  if (place.lane != 0) lanes_->add(place.lane, waiter.id, bytes);
  return waiter.id;
}

// ---- Lanes.

bool Admission::choose(std::uint8_t lane) {
  lanes_->chosen = 0;
  if (lane == 0 ? are_all_aside() : !lanes_->is_open(lane)) return false;
  RequestId& from = lanes_->from(lane);
  const auto is_before = [from](const Waiter& waiter) { return waiter.id < from; };
  waiters_.for_each_from_bound(is_before, [&](const Waiter& waiter) {
    ++steps_;
    from = waiter.id;
    if (waiter.state != Waiter::State::waiting || waiter.lane != lane) return true;
    lanes_->chosen = waiter.id;
    return false;
  });
  PLIMSOLL_CHECK(lanes_->chosen != 0);
  return true;
}

void Admission::set_aside(std::uint8_t lane) {
  Waiter& waiter = chosen();
  PLIMSOLL_CHECK(waiter.state == Waiter::State::waiting && waiter.lane == 0);
  waiter.lane = lane;
  lanes_->add(lane, waiter.id, waiter.bytes);
  lanes_->chosen = 0;
}

void Admission::put_back() {
  waiters_.for_each_from(0, [this](Waiter& waiter) {
    ++steps_;
    waiter.lane = 0;
    return true;
  });
  lanes_->clear();
}

Admission::Waiter& Admission::chosen() {
  if (lanes_ == nullptr || lanes_->chosen == 0) return waiters_.front();
  const RequestId id = lanes_->chosen;
  Waiter* const waiter = waiters_.lower_bound([id](const Waiter& each) { return each.id < id; });
  PLIMSOLL_CHECK(waiter != nullptr && waiter->id == id);
  return *waiter;
}

// ---- The end of a wait.

// The waiter waits no more.
void Admission::note_gone(const Waiter& waiter) {
  --waiting_count_;
  waiting_bytes_ -= waiter.bytes;
  if (waiter.lane != 0) lanes_->remove(waiter.lane, waiter.bytes);
}

void Admission::let_go(Waiter& waiter, Waiter::State why) {
  waiter.state = why;
  note_gone(waiter);
  ++ended_count_;
  ended_from_ = std::min(ended_from_, waiter.id);
}

void Admission::cancel(RequestId id) {
  Waiter* const waiter = waiters_.lower_bound([id](const Waiter& each) { return each.id < id; });
  if (waiter == nullptr || waiter->id != id || waiter->state != Waiter::State::waiting) return;
  let_go(*waiter, Waiter::State::cancelled);
}

void Admission::handle_timeout(Instant now) {
  if (now < next_deadline_) return;
  next_deadline_ = never;
  look_at_new_deadlines();
  order_.ascends() ? let_go_in_order(now) : let_go_of_all(now);
}

void Admission::look_at_new_deadlines() {
  const auto is_old = [this](const Waiter& waiter) { return waiter.id < seen_until_; };
  waiters_.for_each_from_bound(is_old, [this](const Waiter& waiter) {
    ++steps_;
    if (waiter.state == Waiter::State::waiting) order_.see(waiter.deadline);
    return order_.ascends();
  });
  seen_until_ = last_id_ + 1;
}

// Walks up to the first waiter that is not due yet. Deadlines ascend, so no later one can be due.
void Admission::let_go_in_order(Instant now) {
  const auto is_before = [this](const Waiter& waiter) { return waiter.id < due_from_; };
  waiters_.for_each_from_bound(is_before, [&](Waiter& waiter) {
    ++steps_;
    const bool may_end = waiter.state == Waiter::State::waiting && waiter.deadline != never;
    if (may_end && waiter.deadline > now) {
      next_deadline_ = waiter.deadline;
      return false;
    }
    if (may_end) let_go(waiter, Waiter::State::timed_out);
    due_from_ = waiter.id + 1;
    return true;
  });
}

void Admission::let_go_of_all(Instant now) {
  if (now < order_.rests_until()) {
    next_deadline_ = order_.rests_until();
    return;
  }
  order_.begin_walk();
  waiters_.for_each_from(0, [&](Waiter& waiter) {
    ++steps_;
    if (waiter.state != Waiter::State::waiting) return true;
    if (waiter.deadline <= now) {
      let_go(waiter, Waiter::State::timed_out);
    } else {
      order_.see(waiter.deadline);
      next_deadline_ = std::min(next_deadline_, waiter.deadline);
    }
    return true;
  });
  order_.end_walk(now, waiters_.size());
  due_from_ = 0;
}

std::optional<Ended> Admission::next_ended() {
  std::optional<Ended> ended;
  if (is_searching()) {
    const auto is_before = [this](const Waiter& waiter) { return waiter.id < ended_from_; };
    waiters_.for_each_from_bound(is_before, [&](Waiter& waiter) {
      ++steps_;
      ended_from_ = waiter.id + 1;
      const Waiter::State state = waiter.state;
      if (state == Waiter::State::waiting || state == Waiter::State::delivered) return true;
      const bool cancelled = state == Waiter::State::cancelled;
      ended = Ended{.tag = waiter.tag,
                    .code = cancelled ? ErrorCode::cancelled : ErrorCode::timed_out,
                    .executed = Executed::no};
      waiter.state = Waiter::State::delivered;
      return false;
    });
    PLIMSOLL_CHECK(ended);
    --ended_count_;
    ++delivered_count_;
    return ended;
  }
  ended_from_ = UINT64_MAX;
  if (delivered_count_ > 0) trim_delivered();
  return std::nullopt;
}

// Removes delivered waiters at once if they are at either end of the queue.
void Admission::trim_delivered() {
  const auto is_delivered = [](const Waiter& waiter) {
    return waiter.state == Waiter::State::delivered;
  };
  for (; delivered_count_ > 0 && is_delivered(waiters_.front()); --delivered_count_)
    waiters_.pop_front();
  for (; delivered_count_ > 0 && is_delivered(waiters_.back()); --delivered_count_)
    waiters_.pop_back();
  if (delivered_count_ > waiters_.size() / 2) erase_delivered();
  if (waiters_.empty()) next_deadline_ = never;
}

void Admission::erase_delivered() {
  waiters_.erase_if([this](const Waiter& waiter) {
    ++steps_;
    return waiter.state == Waiter::State::delivered;
  });
  delivered_count_ = 0;
}

Error Admission::error_of(const Ended& ended, const Error& closed) const {
  const bool is_for_room = !is_for_connection(last_id_);
  Error error = closed;
  if (ended.code == ErrorCode::timed_out) {
    error = {.what = is_for_room
                         ? "the request's deadline passed while it waited for room"
                         : "the request's deadline passed while it waited for a connection"};
  } else if (ended.code == ErrorCode::cancelled) {
    error = {.what = is_for_room ? "the request was cancelled while it waited for room"
                                 : "the request was cancelled while it waited for a connection"};
  }
  error.code = ended.code;
  error.executed = ended.executed;
  return error;
}

std::optional<Ended> Admission::take_closed() {
  if (std::optional<Ended> ended = next_ended()) return ended;
  if (waiters_.empty()) return std::nullopt;
  if (lanes_ != nullptr) lanes_->chosen = 0;
  const Ended ended{.tag = first().tag, .code = ErrorCode::closed, .executed = Executed::no};
  leave();
  return ended;
}

void Admission::leave() {
  Waiter& waiter = chosen();
  PLIMSOLL_CHECK(!is_searching() && waiter.state == Waiter::State::waiting);
  if (lanes_ != nullptr) lanes_->chosen = 0;
  note_gone(waiter);
  if (&waiter == &waiters_.front()) {
    waiters_.pop_front();
  } else {
    waiter.state = Waiter::State::delivered;
    ++delivered_count_;
  }
  trim_delivered();
}

void Admission::validate() {
  std::size_t waiting = 0;
  std::size_t ended = 0;
  std::size_t delivered = 0;
  std::size_t bytes = 0;
  std::size_t aside = 0;
  RequestId last = request_ids::room_waiters;
  waiters_.for_each_from(0, [&](const Waiter& waiter) {
    PLIMSOLL_CHECK(waiter.id > last && waiter.id <= last_id_);
    last = waiter.id;
    if (waiter.state != Waiter::State::waiting) {
      ++(waiter.state == Waiter::State::delivered ? delivered : ended);
      return true;
    }
    ++waiting;
    bytes += waiter.bytes;
    if (waiter.lane != 0) ++aside;
    PLIMSOLL_CHECK(lanes_ == nullptr || lanes_->from(waiter.lane) <= waiter.id);
    PLIMSOLL_CHECK(next_deadline_ <= std::max(waiter.deadline, order_.rests_until()));
    return true;
  });
  PLIMSOLL_CHECK(waiting == waiting_count_ && bytes == waiting_bytes_);
  PLIMSOLL_CHECK(ended == ended_count_ && delivered == delivered_count_);
  PLIMSOLL_CHECK(aside == (lanes_ == nullptr ? 0 : lanes_->waiters()));
}

}  // namespace plimsoll::inline v0
