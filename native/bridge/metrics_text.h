#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "plimsoll/core/memory/statistics.h"
#include "plimsoll/native/bridge/server_counters.h"
#include "plimsoll/native/bridge/shared/shared_counters.h"
#include "plimsoll/native/observe/prometheus_text.h"

// Writes /metrics. Tests compare docs/bridge.md, its alerts and the dashboard with the
// descriptions.

namespace plimsoll::bridge {

/// How many profiles have metrics of their own, so that the text is bounded: the first ones, by
/// name. The others count together, as other_profiles.
inline constexpr std::size_t metrics_profiles_max = 64;

/// Values of the label `profile` that no profile can have, because of their parentheses: all beyond
/// metrics_profiles_max, and clients whose tokens have not been verified.
inline constexpr std::string_view other_profiles = "(others)";
inline constexpr std::string_view no_profile = "(none)";

/// What /metrics shows.
struct Measured {
  const ServerCounters& counters;
  std::size_t connections = 0;  ///< of clients, now
  BudgetStatistics memory;
  std::uint64_t status_refused = 0;  ///< connections to the status pages
  std::uint64_t log_lines_lost = 0;
  /// Of each upstream whose connections are shared, by its name.
  std::map<std::string, SharedCounters> shared{};
};

std::string metrics_text(const Measured& measured);

/// All metrics, in the order of the text.
std::vector<native::MetricDescription> metric_descriptions();

}  // namespace plimsoll::bridge
