#include "plimsoll/tests/sim/schedule.h"

#include <algorithm>

namespace plimsoll::sim {

void Schedule::plan_at(Instant when, Handler& handler, std::uint32_t what, std::uint64_t detail) {
  events_.push_back({.at = std::max(when, now_),
                     .sequence = ++sequence_,
                     .handler = &handler,
                     .detail = detail,
                     .what = what});
  std::push_heap(events_.begin(), events_.end(), comes_later);
}

bool Schedule::step(Instant end) {
  if (events_.empty() || events_.front().at > end) return false;
  std::pop_heap(events_.begin(), events_.end(), comes_later);
  const Event event = events_.back();
  events_.pop_back();
  steps_at_once_ = event.at > now_ ? 0 : steps_at_once_ + 1;
  now_ = std::max(now_, event.at);
  ++steps_;
  event.handler->handle(event.what, event.detail);
  return true;
}

}  // namespace plimsoll::sim
