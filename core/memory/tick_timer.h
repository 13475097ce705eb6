#pragma once

#include <atomic>

#include "plimsoll/core/base/time.h"

// When the Budget's next tick is due, and which of its users calls handle_timeout() for all of
// them. Thread-safe; no lock.

namespace plimsoll {

/// How often the accounts' levels are evened out and free pages age, while there is any need.
inline constexpr Duration budget_tick = std::chrono::seconds(1);

/// States, by `next_`:
///
///     idle (never) --arm()--> wanted (soon) --poll()--> set (an instant) --stop()--> idle
///                                                         ^--start()-----------------'
///
/// In "wanted" somebody needs a tick, but nobody has said yet what time it is: arm() is called from
/// places that do not know.
class TickTimer {
 public:
  /// When `who` has to call handle_timeout(): `never` where no tick is wanted, or where another
  /// user does it for all. The first who asks is the one, until it leaves or the tick has passed.
  Instant poll(const void* who, Instant now) {
    const Instant next = next_.load(std::memory_order_relaxed);
    return next == never ? never : poll_wanted(who, now);
  }

  bool is_due(Instant now) const {
    const Instant next = next_.load(std::memory_order_relaxed);
    return next != soon && now >= next;
  }

  /// A tick is wanted: some time from now on.
  void arm();

  void start(Instant next) { next_.store(next, std::memory_order_relaxed); }
  void stop() { next_.store(never, std::memory_order_relaxed); }

  /// The next who asks calls handle_timeout() from now on: a user that is at work asks first.
  void pass_on() { ticker_.store(nullptr, std::memory_order_relaxed); }

  /// `who` does not call any more.
  void leave(const void* who);

 private:
  static constexpr Instant soon = Instant::min();

  Instant poll_wanted(const void* who, Instant now);

  std::atomic<Instant> next_ = never;
  std::atomic<const void*> ticker_ = nullptr;
};

}  // namespace plimsoll
