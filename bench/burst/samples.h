#pragma once

// What was seen of one worker over time, and what follows from it.

#include <cstddef>
#include <string>
#include <vector>

namespace plimsoll::bench {

struct Sample {
  double seconds = 0;  ///< since the worker was ready
  std::size_t anonymous = 0;
  std::size_t accounted = 0;
  std::size_t own = 0;
};

/// From when the events are there to be read until the last one is done, in seconds as above.
struct Span {
  double begin = 0;
  double end = 0;
};

/// Within so much of what was before counts as back.
inline constexpr double back_ratio = 1.1;
inline constexpr std::size_t back_bytes = std::size_t{4} << 20;
/// How long memory has for that.
inline constexpr double quiet_seconds = 15;

/// The most that may be kept after a burst, where `before` was kept after the first.
std::size_t back_bytes_max(std::size_t before);

/// The most anonymous memory within the span, or 0.
std::size_t most_anonymous(const std::vector<Sample>& samples, const Span& span);

/// The last sample not after `seconds`; the first where there is none. There is one at all.
const Sample& sample_at(const std::vector<Sample>& samples, double seconds);

/// Where a sample is drawn, so that bursts of different length lie above one another: each burst
/// takes one unit of width `burst_width`, what follows takes its seconds. Before the first burst:
/// seconds below 0.
double place_of(const std::vector<Span>& bursts, double seconds, double burst_width);

/// Samples as points, the most of each `step` of the place: a line of thousands has to be drawn in
/// hundreds.
struct Point {
  double place = 0;
  double bytes = 0;
};
std::vector<Point> points_of(const std::vector<Sample>& samples, const std::vector<Span>& bursts,
                             double burst_width, double step);

}  // namespace plimsoll::bench
