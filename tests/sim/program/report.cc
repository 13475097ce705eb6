#include "plimsoll/tests/sim/program/report.h"

#include <algorithm>

namespace plimsoll::sim {
namespace {

constexpr std::size_t events_shown = 60;
constexpr std::size_t columns = 96;

std::string hours_and_minutes(Duration time) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time).count();
  return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

// "heading: a 1, b 2", over as many lines as that takes.
class Row {
 public:
  explicit Row(const char* heading) : line_(heading) { line_ += ':'; }

  void add(std::string_view name, std::uint64_t count) {
    std::string item = (any_ ? ", " : " ") + std::string(name) + ' ' + std::to_string(count);
    any_ = true;
    if (line_.size() + item.size() > columns) {
      lines_.push_back(line_ + ',');
      line_ = "   ";
      item.erase(0, 1);
    }
    line_ += item;
  }

  void append_to(std::vector<std::string>& lines) {
    lines.insert(lines.end(), lines_.begin(), lines_.end());
    lines.push_back(any_ ? line_ : line_ + " none");
  }

 private:
  std::vector<std::string> lines_;
  std::string line_;
  bool any_ = false;
};

void add_codes(const char* heading, const std::array<std::uint64_t, error_codes_count>& counts,
               std::vector<std::string>& lines) {
  Row row(heading);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) row.add(name(static_cast<ErrorCode>(i)), counts[i]);
  }
  row.append_to(lines);
}

}  // namespace

void Tally::add(const Outcome& outcome) {
  ++seeds;
  time += outcome.time;
  steps += outcome.steps;
  coverage.add(outcome.coverage);
}

std::string progress_line(const Tally& tally, Duration elapsed) {
  const auto milliseconds = static_cast<std::uint64_t>(elapsed / std::chrono::milliseconds(1));
  const std::uint64_t rate =
      tally.coverage.requests * 1000 / std::max<std::uint64_t>(milliseconds, 1);
  return std::to_string(tally.seeds) + " seeds, " + hours_and_minutes(tally.time) + " simulated, " +
         std::to_string(tally.coverage.requests) + " requests (" + std::to_string(rate) +
         " a second)";
}

std::vector<std::string> coverage_lines(const Coverage& coverage) {
  std::vector<std::string> lines;
  Row faults("faults");
  for (std::size_t i = 0; i < faults_count; ++i) {
    faults.add(name(static_cast<Fault>(i)), coverage.faults[i]);
  }
  faults.append_to(lines);
  Row deeds("deeds");
  for (std::size_t i = 0; i < deeds_count; ++i) {
    deeds.add(name(static_cast<Deed>(i)), coverage.deeds[i]);
  }
  deeds.append_to(lines);
  Row outcomes("outcomes");
  outcomes.add("completed", coverage.completed);
  for (std::size_t i = 0; i < error_codes_count; ++i) {
    for (std::size_t executed = 0; executed < executed_count; ++executed) {
      if (coverage.outcomes[i][executed] == 0) continue;
      outcomes.add(std::string(name(static_cast<ErrorCode>(i))) + '(' +
                       std::string(name(static_cast<Executed>(executed))) + ')',
                   coverage.outcomes[i][executed]);
    }
  }
  outcomes.append_to(lines);
  add_codes("no connection", coverage.problems, lines);
  add_codes("clients closed", coverage.ends, lines);
  Row clients("clients");
  clients.add("all", coverage.clients);
  clients.add("connections", coverage.connections);
  clients.add("connections dead", coverage.connections_dead);
  clients.add("reads resent", coverage.resent);
  clients.add("health checks", coverage.health_checks);
  clients.add("pushes", coverage.pushed);
  clients.append_to(lines);
  Row transitions("states");
  for (std::size_t from = 0; from < states_count; ++from) {
    for (std::size_t to = 0; to < states_count; ++to) {
      if (coverage.transitions[from][to] == 0) continue;
      transitions.add(std::string(name(static_cast<Session::State>(from))) + '-' +
                          name(static_cast<Session::State>(to)),
                      coverage.transitions[from][to]);
    }
  }
  transitions.append_to(lines);
  return lines;
}

std::vector<std::string> violation_lines(const Scenario& scenario, const Violation& violation,
                                         const Shrunk& shrunk) {
  std::vector<std::string> lines;
  lines.push_back("violated: " + violation.property);
  lines.push_back("the last events of the smallest world in which it is:");
  const std::vector<std::string>& events = shrunk.violation.last_events;
  const std::size_t shown = std::min(events.size(), events_shown);
  lines.insert(lines.end(), events.end() - static_cast<std::ptrdiff_t>(shown), events.end());
  lines.push_back("found by:     ./dev sim " + scenario.arguments());
  lines.push_back("repeat it by: ./dev sim " + shrunk.scenario.arguments());
  return lines;
}

}  // namespace plimsoll::sim
