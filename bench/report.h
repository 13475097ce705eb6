#pragma once

// What every benchmark prints: one row a case, as a table for people or as one JSON object a line
// (bench, case, ours, peer, ratio, unit, goal, met), and the exit status that follows from the
// rows. Only ratios and counters can fail a run; absolute times depend on the machine and never do.

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::bench {

/// What a row is held to. `time` is judged and printed, but does not decide the exit status.
struct Goal {
  enum class Of { ratio, counter, time };
  enum class Bound { at_least, at_most };

  Of of;
  Bound bound;
  double value;
};

constexpr Goal ratio_at_least(double value) {
  return {Goal::Of::ratio, Goal::Bound::at_least, value};
}
constexpr Goal ratio_at_most(double value) {
  return {Goal::Of::ratio, Goal::Bound::at_most, value};
}
constexpr Goal counter_at_most(double value) {
  return {Goal::Of::counter, Goal::Bound::at_most, value};
}
constexpr Goal time_at_most(double value) { return {Goal::Of::time, Goal::Bound::at_most, value}; }

/// One measured case. A row without `peer` has no ratio; a row without `goal` only informs.
struct Row {
  std::string name;
  std::optional<double> ours = {};
  std::optional<double> peer = {};
  std::string unit = {};
  std::optional<Goal> goal = {};

  /// What `ours` was made of: fields of their own in JSON, behind the others.
  std::vector<std::pair<std::string, std::uint64_t>> counters = {};
};

/// ours / peer, where there are both.
std::optional<double> ratio_of(const Row& row);

/// Whether the goal is met; nothing for a row that has none. A goal without its figure is missed.
std::optional<bool> is_met(const Row& row);

/// Prints rows as they come, so that a long run shows its progress.
class Report {
 public:
  enum class Format { table, json };
  /// A smoke run is too short for its figures to mean anything: it shows goals but judges none.
  enum class Judging { goals, nothing };

  Report(std::string bench, Format format, Judging judging, std::FILE* out = stdout);

  /// The machine that the figures belong to; printed first.
  void add_machine(const std::string& description);
  void add(const Row& row);

  /// Prints the last line (table only) and gives the exit status: 1 if a ratio or a counter missed
  /// its goal, else 0.
  int finish();

 private:
  void print_row(const Row& row, std::optional<bool> met);
  void print_json(const Row& row, std::optional<bool> met);

  std::string bench_;
  Format format_;
  Judging judging_;
  std::FILE* out_;
  int goals_count_ = 0;
  int missed_count_ = 0;
  int missed_times_count_ = 0;
};

}  // namespace plimsoll::bench
