#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plimsoll/core/base/time.h"

// What will happen, in order of time, and of its planning where the time is the same. Nothing in a
// world happens but from here, so a seed decides all of it. The clock stands still between events.

namespace plimsoll::sim {

class Schedule;

/// Something that acts when its time has come.
class Handler {
 public:
  /// `what` and `detail` are what was planned with; plans cannot be cancelled, so a handler that
  /// may have changed its mind numbers them.
  virtual void handle(std::uint32_t what, std::uint64_t detail) = 0;

 protected:
  ~Handler() = default;
};

class Schedule {
 public:
  Instant now() const { return now_; }

  /// `handler` must live as long as its plans.
  void plan_at(Instant when, Handler& handler, std::uint32_t what, std::uint64_t detail = 0);
  void plan(Duration wait, Handler& handler, std::uint32_t what, std::uint64_t detail = 0) {
    plan_at(now_ + wait, handler, what, detail);
  }

  /// Lets the next event happen; false where there is none, or none before `end`.
  bool step(Instant end);

  /// Time goes on without anybody acting: what was due meanwhile is late.
  void jump(Duration time) { now_ += time; }

  std::size_t size() const { return events_.size(); }
  std::uint64_t steps() const { return steps_; }
  /// Since the clock last moved.
  std::uint64_t steps_at_once() const { return steps_at_once_; }

 private:
  struct Event {
    Instant at;
    std::uint64_t sequence;
    Handler* handler;
    std::uint64_t detail;
    std::uint32_t what;
  };

  static bool comes_later(const Event& a, const Event& b) {
    return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
  }

  Instant now_{};
  std::uint64_t sequence_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t steps_at_once_ = 0;
  std::vector<Event> events_;  // a heap
};

}  // namespace plimsoll::sim
