#pragma once

#include <atomic>

#include "plimsoll/core/base/time.h"

// When the Budget's next tick is due, and which of its users calls handle_timeout() for all of
// them. Thread-safe; no lock.

namespace plimsoll::inline v0 {

/// How often the accounts' levels are evened out and free pages age, while that is needed.
inline constexpr Duration budget_tick = std::chrono::seconds(1);

/// States, by `next_`:
///
///     idle (never) --arm()--> wanted (soon) --poll()--> set (an instant) --stop()--> idle
///                                                         ^--start()-----------------'
///
/// In "wanted" a tick is needed, but its time is not set yet: the callers of arm() do not know the
/// time, so the next poll() sets it.
class TickTimer {
 public:
  /// Returns when `who` has to call handle_timeout(), or `never` if no tick is wanted or another
  /// user calls it for all. The first user that asks does the work, until it leaves or the tick has
  /// passed.
  Instant poll(const void* who, Instant now) {
    const Instant next = next_.load(std::memory_order_relaxed);
    return next == never ? never : poll_wanted(who, now);
  }

  bool is_due(Instant now) const {
    const Instant next = next_.load(std::memory_order_relaxed);
    return next != soon && now >= next;
  }

  /// Requests a tick, one budget_tick after the next poll().
  void arm();

  void start(Instant next) { next_.store(next, std::memory_order_relaxed); }
  void stop() { next_.store(never, std::memory_order_relaxed); }

  /// Lets the next user that asks call handle_timeout() from now on. A user that is busy asks
  /// first.
  void pass_on() { ticker_.store(nullptr, std::memory_order_relaxed); }

  /// Says that `who` will not call any more.
  void leave(const void* who);

 private:
  static constexpr Instant soon = Instant::min();

  // Each turn of each client comes here, on any thread: it writes only what has to change.
  Instant poll_wanted(const void* who, Instant now);

  std::atomic<Instant> next_ = never;
  std::atomic<const void*> ticker_ = nullptr;
};

}  // namespace plimsoll::inline v0
