#pragma once

// Figures that do not wobble. A benchmark on a shared machine reports the middle of several runs,
// never the best; and a counter per operation only as far as it means something.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace plimsoll::bench {

/// The middle value, or the mean of the middle two; 0 for none.
inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// A counter per operation, by the difference of two runs, to a thousandth: beyond that it shows
/// which of the runs a timer fired in.
inline double per_operation(double fewer, double more, std::size_t operations) {
  return std::round((more - fewer) / static_cast<double>(operations) * 1000) / 1000;
}

}  // namespace plimsoll::bench
