#include "plimsoll/core/client/admission.h"

#include <algorithm>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/session/request_log.h"

namespace plimsoll {

Error Admission::refuse(const char* what, std::uint64_t value, std::uint64_t limit) {
  ++refused_count_;
  return {.code = ErrorCode::rejected_by_limit, .what = what, .value = value, .limit = limit};
}

// Drivers keep the commands of those who wait in the same pool. Were all of it theirs, there would
// be no room to admit anybody to.
Result<RequestId> Admission::join(std::size_t bytes, Instant deadline, Tag tag,
                                  const Size& beside) {
  const std::size_t bytes_max = account_.budget().share(PoolKind::requests) / 2;
  const std::size_t size = line_.size() + beside.waiters;
  if (size >= line_.size_max()) {
    return refuse("waiters_max is reached", size, line_.size_max());
  }
  const std::size_t others_bytes = waiting_bytes_ + beside.bytes;
  const bool too_long = std::uint64_t{bytes} > RequestLog::request_bytes_max;
  if (too_long || bytes > bytes_max - std::min(others_bytes, bytes_max)) {
    return refuse("the requests that wait may have half of the requests pool's share",
                  others_bytes + bytes, bytes_max);
  }
  const Waiter waiter{.tag = tag,
                      .deadline = deadline,
                      .id = last_id_ + 1,
                      .bytes = static_cast<std::uint32_t>(bytes),
                      .state = Waiter::State::waiting};
  if (line_.push_back(waiter) != Queue<Waiter>::Push::accepted) {
    return refuse("the requests pool has no room for one more to wait", sizeof(Waiter),
                  2 * bytes_max);
  }
  ++last_id_;
  ++waiting_count_;
  ++waited_count_;
  waiting_bytes_ += bytes;
  next_deadline_ = std::min(next_deadline_, deadline);
  return waiter.id;
}

void Admission::let_go(Waiter& waiter, Waiter::State why) {
  waiter.state = why;
  --waiting_count_;
  waiting_bytes_ -= waiter.bytes;
  searching_ = true;
  search_index_ = 0;
}

void Admission::cancel(RequestId id) {
  line_.for_each_from(0, [&](Waiter& waiter) {
    if (waiter.id < id) return true;
    if (waiter.id == id && waiter.state == Waiter::State::waiting) {
      let_go(waiter, Waiter::State::cancelled);
    }
    return false;
  });
}

void Admission::handle_timeout(Instant now) {
  if (now < next_deadline_) return;
  next_deadline_ = never;
  line_.for_each_from(0, [&](Waiter& waiter) {
    if (waiter.state != Waiter::State::waiting) return true;
    if (waiter.deadline <= now) {
      let_go(waiter, Waiter::State::timed_out);
    } else {
      next_deadline_ = std::min(next_deadline_, waiter.deadline);
    }
    return true;
  });
}

std::optional<Ended> Admission::next_ended() {
  if (!searching_) return std::nullopt;
  std::optional<Ended> ended;
  line_.for_each_from(search_index_, [&](Waiter& waiter) {
    ++search_index_;
    const Waiter::State state = waiter.state;
    if (state == Waiter::State::waiting || state == Waiter::State::told) return true;
    const bool cancelled = state == Waiter::State::cancelled;
    ended = Ended{.tag = waiter.tag,
                  .code = cancelled ? ErrorCode::cancelled : ErrorCode::timed_out,
                  .executed = Executed::no};
    waiter.state = Waiter::State::told;
    return false;
  });
  if (ended) return ended;
  searching_ = false;
  line_.erase_if([](const Waiter& waiter) { return waiter.state == Waiter::State::told; });
  if (line_.empty()) next_deadline_ = never;
  return std::nullopt;
}

std::optional<Ended> Admission::take_closed() {
  if (std::optional<Ended> ended = next_ended()) return ended;
  if (line_.empty()) return std::nullopt;
  const Ended ended{.tag = first().tag, .code = ErrorCode::closed, .executed = Executed::no};
  leave();
  return ended;
}

void Admission::leave() {
  const Waiter& waiter = line_.front();
  PLIMSOLL_CHECK(!searching_ && waiter.state == Waiter::State::waiting);
  --waiting_count_;
  waiting_bytes_ -= waiter.bytes;
  line_.pop_front();
  if (line_.empty()) next_deadline_ = never;
}

void Admission::validate() {
  std::size_t waiting = 0;
  std::size_t bytes = 0;
  RequestId last = line_bit;
  line_.for_each_from(0, [&](const Waiter& waiter) {
    PLIMSOLL_CHECK(waiter.id > last && waiter.id <= last_id_);
    last = waiter.id;
    if (waiter.state != Waiter::State::waiting) {
      PLIMSOLL_CHECK(searching_);
      return true;
    }
    ++waiting;
    bytes += waiter.bytes;
    PLIMSOLL_CHECK(next_deadline_ <= waiter.deadline);
    return true;
  });
  PLIMSOLL_CHECK(waiting == waiting_count_ && bytes == waiting_bytes_);
}

}  // namespace plimsoll
