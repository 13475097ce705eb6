#include "plimsoll/core/memory/tick_timer.h"

namespace plimsoll::inline v0 {

Instant TickTimer::poll_wanted(const void* who, Instant now) {
  Instant next = next_.load(std::memory_order_relaxed);
  if (next == soon) {
    const Instant first = after(now, budget_tick);
    if (next_.compare_exchange_strong(next, first, std::memory_order_relaxed)) next = first;
  }
  const void* ticker = ticker_.load(std::memory_order_relaxed);
  if (ticker == nullptr &&
      ticker_.compare_exchange_strong(ticker, who, std::memory_order_relaxed)) {
    return next;
  }
  return ticker == who ? next : never;
}

void TickTimer::arm() {
  Instant unwanted = never;
  next_.compare_exchange_strong(unwanted, soon, std::memory_order_relaxed);
}

void TickTimer::leave(const void* who) {
  const void* ticker = who;
  ticker_.compare_exchange_strong(ticker, nullptr, std::memory_order_relaxed);
}

}  // namespace plimsoll::inline v0
