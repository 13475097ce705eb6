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
  std::map<std::string, std::uint64_t> samples;  ///< by what stands between the braces
};

/// By their names. Throws std::runtime_error with the line that is wrong: a sample without HELP and
/// TYPE right before its metric's samples, one that was there already, a name or a label that may
/// not be called that, a counter that does not end in _total.
std::map<std::string, MetricOnPage> read_metrics_page(std::string_view text);

}  // namespace plimsoll::testing
