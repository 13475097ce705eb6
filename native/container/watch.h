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

// What is seen around the line, what that means for it, and what is said about it.

namespace plimsoll::native::container {

/// A line above this part of the tightest limit warns: the code, the stacks and all that the
/// application keeps need room beside it.
inline constexpr double near_limit = 0.9;

/// With memory_limit = "auto" and less than ample room, looks are so many times as frequent.
inline constexpr int hurried_looks = 8;
inline constexpr std::chrono::milliseconds hurried_interval_min{10};

/// What the line has to go by; fixed where there is no `auto_ratio`.
struct Course {
  std::optional<double> auto_ratio{};
  std::size_t least = 0;      ///< what the pools need, for auto
  std::size_t otherwise = 0;  ///< the line of auto where no limit is known, not even the machine's
};

/// Not thread-safe.
class Watch {
 public:
  /// Takes in what was read at `now`.
  void see(Reading reading, Instant now);

  /// Where auto draws the line at first, as of what was seen last; `used` bytes are used of the one
  /// that it takes the place of.
  std::size_t begin(const Course& course, std::size_t used, Instant now);

  /// Where it goes from there, of which `used` bytes are used.
  std::size_t follow(const Course& course, std::size_t used, Instant now);

  /// What is to be said now that `line` is drawn: of each thing once, until it changes.
  void judge(std::size_t line, const Course& course, Notices& notices);

  /// How long until the next look.
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

  // What was said last.
  std::string limit_said_;
  std::string trouble_said_;
  std::size_t auto_said_ = 0;
  bool least_said_ = false;

  std::uint64_t kills_unsaid_ = 0;
};

}  // namespace plimsoll::native::container
