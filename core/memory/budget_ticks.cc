#include <algorithm>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"

// What happens once a second, as long as there is anything to do: limits are evened out over those
// who need them, what accounts have set aside is taken back, free pages age.

namespace plimsoll {

Instant Budget::poll_tick(const void* who, Instant now) {
  Instant next = soon;
  const Instant first = after(now, budget_tick);
  if (next_tick_.compare_exchange_strong(next, first, std::memory_order_relaxed)) next = first;
  const void* ticker = nullptr;
  if (ticker_.compare_exchange_strong(ticker, who, std::memory_order_relaxed)) return next;
  return ticker == who ? next : never;
}

void Budget::leave(const void* who) {
  const void* ticker = who;
  ticker_.compare_exchange_strong(ticker, nullptr, std::memory_order_relaxed);
}

void Budget::handle_timeout(Instant now) {
  const auto is_due = [this, now] {
    const Instant next = next_tick_.load(std::memory_order_relaxed);
    return next != soon && now >= next;
  };
  if (!is_due()) return;
  {
    Lock lock(mutex_);
    if (!is_due()) return;
    next_tick_.store(never, std::memory_order_relaxed);
    take_leases();
    even_out();
    // Those who wait ask again: of what is short only who asks is known.
    notify_waiters();
  }
  segments_.age(free_page_ticks_max);
  chunks_.age(free_page_ticks_max);
  const bool pages_kept = segments_.kept_count() + chunks_.kept_count() > 0;
  Lock lock(mutex_);
  if (pages_kept || needs_tick()) next_tick_.store(after(now, budget_tick));
  // Whoever is at work takes it over.
  ticker_.store(nullptr, std::memory_order_relaxed);
}

// What connections need is little, and nobody can give any of it back.
void Budget::even_out() {
  for (PoolKind kind : {PoolKind::cache, PoolKind::requests, PoolKind::replies, PoolKind::pushes}) {
    const bool yields = line_.must_yield(kind);
    const std::size_t share = line_.pool(kind).share;
    list(kind).even_out(yields ? share : std::max(share, line_.reach(kind)), yields);
    list(kind).for_each([](AccountState& account) {
      account.was_refused = false;
      account.grows = 0;
    });
  }
  line_.forget_refusals();
  pressed_ = false;
}

bool Budget::needs_tick() const {
  bool held_back = false;
  for (const AccountList& accounts : lists_) {
    held_back = held_back || accounts.level() != AccountList::no_level;
  }
  return held_back || pressed_ || leases_ > 0 || line_.limit() > line_.target();
}

void Budget::arm() {
  Instant unwanted = never;
  next_tick_.compare_exchange_strong(unwanted, soon, std::memory_order_relaxed);
}

}  // namespace plimsoll
