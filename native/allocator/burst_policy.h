#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "plimsoll/core/base/time.h"
#include "plimsoll/native/allocator/process_usage.h"

// Decides when a burst is over, from samples of the whole process's processor time and anonymous
// memory. So the application's own bursts count, too, and requests need not be counted. No clock,
// no I/O.
//
// A burst is over when the process has hardly run for the quiet period, or has run far below its
// recent load for a few such periods. A steady load above idle_processor_share does not count as
// quiet; the allocator is not asked while it lasts.

namespace plimsoll::inline v0::native {

/// The shortest time between two requests to the allocator.
inline constexpr Duration ask_interval_min = std::chrono::seconds(10);

/// While the process stays quiet, the excess is checked again after this time, because parts of a
/// burst's memory may be freed late. The time doubles with each check, unless much memory was
/// returned.
inline constexpr Duration ask_again_min = ask_interval_min;
inline constexpr Duration ask_again_max = std::chrono::hours(1);

/// How often to take samples: while the process is busy, and while it is idle.
inline constexpr Duration look_interval_min = std::chrono::milliseconds(100);
inline constexpr Duration look_interval_max = std::chrono::seconds(1);
inline constexpr Duration idle_look_interval = std::chrono::seconds(5);

/// Below this share of one processor a process counts as idle.
inline constexpr double idle_processor_share = 0.05;

/// A load has fallen if it used to be this many times what it has been...
inline constexpr double load_fall_min = 3;

/// ...for this many quiet periods: on a busy machine any load fluctuates.
inline constexpr int fallen_periods = 3;

/// The load is averaged over the first of these times. Its remembered extremes fade over the
/// second.
inline constexpr Duration load_window = std::chrono::seconds(3);
inline constexpr Duration load_memory = std::chrono::minutes(1);

class BurstPolicy {
 public:
  struct Settings {
    Duration quiet_period = std::chrono::seconds(2);
    std::size_t excess_min = 4 * 1024 * 1024;
  };

  void configure(const Settings& settings) { settings_ = settings; }

  /// Takes a sample. Returns true if a burst is over: the caller then asks the allocator and calls
  /// handle_asked().
  bool handle_look(Instant now, const ProcessUsage& usage);

  /// The allocator was asked, and `returned_bytes` came back; 0 if asking was not worthwhile.
  /// `usage` must be sampled afterwards, so that the work of asking does not count as a burst.
  void handle_asked(Instant now, const ProcessUsage& usage, std::size_t returned_bytes);

  /// Returns how long to wait before the next sample.
  Duration look_interval() const;

 private:
  enum class Load : unsigned char { idle, fallen, busy };

  Load handle_load(Duration elapsed, Duration cpu);
  bool is_quiet(Instant now) const;
  Duration memory() const;

  Settings settings_{};
  std::optional<ProcessUsage> last_;
  Instant last_look_{};

  // Processors in use: now, and the recent maximum and minimum.
  double load_ = 0;
  double highest_ = 0;
  double lowest_ = 0;

  // True at first, so that the work of the process before the first sample counts as a burst, too.
  bool burst_ = true;
  Instant idle_since_{};
  Instant fallen_since_{};
  std::size_t anonymous_floor_ = 0;  // the minimum since the last burst was over
  Instant not_before_{};
  Instant again_at_ = never;
  Duration again_after_ = ask_again_min;
};

}  // namespace plimsoll::inline v0::native
