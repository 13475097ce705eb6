#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "plimsoll/core/base/time.h"
#include "plimsoll/native/allocator/process_figures.h"

// Says when a burst is over, from what the process as a whole does: its processor time and its
// anonymous memory, looked at now and then. So the application's own bursts count, and no request
// pays for being counted. No clock, no I/O.
//
// It is over when the process has hardly run for the quiet period, or for a few of them far below
// what it did lately: a load above idle_processor_share that stays as it is, is not quiet, and
// nobody is asked while it lasts.

namespace plimsoll::native {

/// So long between two times that the allocator is asked, at least.
inline constexpr Duration ask_interval_min = std::chrono::seconds(10);

/// As long as it stays quiet what is in excess is looked at again after this, since what holds the
/// memory of a burst may let go of it late; and then after twice the time, unless much came of it.
inline constexpr Duration ask_again_min = ask_interval_min;
inline constexpr Duration ask_again_max = std::chrono::hours(1);

/// How often to look: while something goes on, and while nothing does.
inline constexpr Duration look_interval_min = std::chrono::milliseconds(100);
inline constexpr Duration look_interval_max = std::chrono::seconds(1);
inline constexpr Duration idle_look_interval = std::chrono::seconds(5);

/// Below so much of one processor, a process does next to nothing.
inline constexpr double idle_processor_share = 0.05;

/// A load has fallen where it was that many times what it has been since...
inline constexpr double load_fall_min = 3;

/// ...for so many quiet periods: a machine that is short of processors makes any load waver.
inline constexpr int fallen_periods = 3;

/// A load is what it was over about so long; what is remembered of it fades in the other time.
inline constexpr Duration load_window = std::chrono::seconds(3);
inline constexpr Duration load_memory = std::chrono::minutes(1);

class BurstPolicy {
 public:
  struct Settings {
    Duration quiet_period = std::chrono::seconds(2);
    std::size_t excess_min = 4 * 1024 * 1024;
  };

  void configure(const Settings& settings) { settings_ = settings; }

  /// A look. True: a burst is over, and it is time to ask; then handle_asked() follows.
  bool handle_look(Instant now, const ProcessFigures& figures);

  /// The allocator has been asked, and so much came back; 0 where it was not worth asking.
  /// `figures`: afterwards, so that what this costs does not count as a burst.
  void handle_asked(Instant now, const ProcessFigures& figures, std::size_t returned_bytes);

  /// How long to wait for the next look.
  Duration look_interval() const;

 private:
  enum class Load : unsigned char { idle, fallen, busy };

  Load handle_load(Duration elapsed, Duration cpu);
  bool is_quiet(Instant now) const;
  Duration memory() const;

  Settings settings_{};
  std::optional<ProcessFigures> last_;
  Instant last_look_{};

  // Processors in use: now, the most and the least of late.
  double load_ = 0;
  double highest_ = 0;
  double lowest_ = 0;

  // What the process did before it was first looked at is a burst as well.
  bool burst_ = true;
  Instant idle_since_{};
  Instant fallen_since_{};
  std::size_t anonymous_floor_ = 0;  // the least since the last burst was over
  Instant not_before_{};
  Instant again_at_ = never;
  Duration again_after_ = ask_again_min;
};

}  // namespace plimsoll::native
