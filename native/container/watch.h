#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "plimsoll/core/base/time.h"
#include "plimsoll/native/container/assessment.h"
#include "plimsoll/native/container/auto_line.h"
#include "plimsoll/native/container/notices.h"
#include "plimsoll/native/container/reading.h"
#include "plimsoll/native/container/statistics.h"

// Watches the container around the memory line: keeps the last reading, moves an automatic line,
// and collects the warnings. No I/O; time is an argument.

namespace plimsoll::inline v0::native::container {

/// A line above this part of the container's tightest limit causes a warning: the code, the stacks
/// and the application's own data need room, too.
inline constexpr double near_limit = 0.9;

/// How many times more often the container is read with memory_limit = "auto" while its room is not
/// ample.
inline constexpr int hurried_looks = 8;
inline constexpr std::chrono::milliseconds hurried_interval_min{10};

/// How the line is determined. Without `auto_ratio` it is fixed.
struct Course {
  std::optional<double> auto_ratio{};
  std::size_t least = 0;      ///< auto: the lowest line, which is what the pools need
  std::size_t otherwise = 0;  ///< auto: the line if no limit is known, not even the machine's
};

/// Not thread-safe.
class Watch {
 public:
  /// Takes in a reading that was made at `now`.
  void see(Reading reading, Instant now);

  /// Returns the first automatic line, from the last reading. `used` bytes are in use under the
  /// limit that it replaces.
  std::size_t begin(const Course& course, std::size_t used, Instant now);

  /// Returns the next automatic line. `used` bytes of the current one are in use.
  std::size_t follow(const Course& course, std::size_t used, Instant now);

  /// Adds the log records that are due while `line` is in force. Each condition is logged once
  /// until it changes.
  void judge(std::size_t line, const Course& course, Notices& notices);

  /// Returns how long to wait until the next check.
  std::chrono::milliseconds next_look(std::chrono::milliseconds check_interval,
                                      const Course& course) const;

  const Statistics& statistics() const { return statistics_; }

 private:
  AutoBounds bounds_of(const Course& course) const;
  void judge_limits(std::size_t line, Notices& notices);
  void judge_auto(std::size_t line, const Course& course, Notices& notices);
  void judge_trouble(Notices& notices);

  Reading reading_;
  Instant read_at_{};
  Assessment seen_;
  AutoLine auto_line_;
  Statistics statistics_;

  // What was logged last.
  std::string limit_said_;
  std::string trouble_said_;
  std::size_t auto_said_ = 0;
  bool least_said_ = false;

  std::uint64_t kills_unsaid_ = 0;
};

}  // namespace plimsoll::inline v0::native::container
