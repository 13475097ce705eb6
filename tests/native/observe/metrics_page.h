#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

// A strict reader of Prometheus's text format 0.0.4, as far as it is used here: no blank lines, no
// timestamps, counts that are whole.

namespace plimsoll::testing {

struct MetricOnPage {
  std::string type;
  std::string help;
  std::set<std::string> label_names;
  /// By what stands between the braces. Of a histogram: how many durations there were.
  std::map<std::string, std::uint64_t> samples;
  /// Of a histogram, by the same: the durations together, in seconds.
  std::map<std::string, double> sums;
};

/// By their names. Throws std::runtime_error with the line that is wrong: a sample without HELP and
/// TYPE right before its metric's samples, one that was there already, a name or a label that may
/// not be called that, a counter that does not end in _total, a histogram whose buckets do not grow
/// or whose last is not its _count.
std::map<std::string, MetricOnPage> read_metrics_page(std::string_view text);

}  // namespace plimsoll::testing
