// ./dev sim: runs worlds one seed after the other, and stops at the first violation.

#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

#include "plimsoll/tests/sim/program/options.h"
#include "plimsoll/tests/sim/program/report.h"
#include "plimsoll/tests/sim/shrink.h"

namespace plimsoll::sim {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds progress_interval(2);

// Of a world that takes longer than this somebody goes in circles, inside a single step.
constexpr unsigned world_seconds_max = 120;

// One world in so many is run twice.
constexpr std::uint64_t repeat_every = 16;

void print(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::puts(line.c_str());
}

// What to say when the process dies in the middle of a world.
std::array<char, 600> last_words;

void die(int signal) {
  const char* const why =
      signal == SIGALRM ? "\ntakes for ever: ./dev sim " : "\ncrashes: ./dev sim ";
  [[maybe_unused]] ssize_t ignored = ::write(STDERR_FILENO, why, std::strlen(why));
  ignored = ::write(STDERR_FILENO, last_words.data(), std::strlen(last_words.data()));
  ignored = ::write(STDERR_FILENO, "\n", 1);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void watch(const Scenario& scenario) {
  std::snprintf(last_words.data(), last_words.size(), "%s", scenario.arguments().c_str());
  ::alarm(world_seconds_max);
}

Outcome run_watched(const Scenario& scenario, Trace::Printing printing) {
  watch(scenario);
  Outcome outcome = run(scenario, printing);
  const bool again = printing == Trace::Printing::off && scenario.seed % repeat_every == 0;
  if (again && !outcome.violation && run(scenario).hash != outcome.hash) {
    outcome.violation =
        Violation{.property = "the same seed gives the same trace", .where = "", .last_events = {}};
  }
  return outcome;
}

Outcome run_smaller(const Scenario& scenario) {
  watch(scenario);
  return run(scenario);
}

int report_violation(const Scenario& scenario, const Violation& violation) {
  std::printf("seed %llu violates: %s\nmaking it smaller...\n",
              static_cast<unsigned long long>(scenario.seed), violation.property.c_str());
  std::fflush(stdout);
  print(violation_lines(scenario, violation, shrink(scenario, violation, run_smaller)));
  return 1;
}

int run_worlds(const Options& options) {
  const auto printing = options.trace ? Trace::Printing::on : Trace::Printing::off;
  const Clock::time_point start = Clock::now();
  const auto end = start + std::chrono::minutes(options.minutes);
  Clock::time_point shown = start;
  Tally tally;
  for (std::uint64_t seed = options.first_seed;; ++seed) {
    const Clock::time_point now = Clock::now();
    if (options.minutes > 0 ? now >= end : tally.seeds == options.seeds) break;
    if (now - shown >= progress_interval) {
      shown = now;
      std::fprintf(stderr, "%s\n", progress_line(tally, now - start).c_str());
    }
    const Scenario scenario = options.scenario(seed);
    const Outcome outcome = run_watched(scenario, printing);
    tally.add(outcome);
    if (outcome.violation) return report_violation(scenario, *outcome.violation);
  }
  print(coverage_lines(tally.coverage));
  std::printf("%s, 0 violations\n", progress_line(tally, Clock::now() - start).c_str());
  return 0;
}

// The requests that one core simulates in a second: a long world, several times.
void measure(const char* what, FaultSet faults) {
  Tally tally;
  const Clock::time_point start = Clock::now();
  for (std::uint64_t seed = 1; Clock::now() - start < std::chrono::seconds(3); ++seed) {
    Scenario scenario = Scenario::of_seed(seed, Scenario::Size::normal);
    scenario.faults = faults;
    watch(scenario);
    tally.add(run(scenario));
  }
  std::printf("%s: %s\n", what, progress_line(tally, Clock::now() - start).c_str());
}

int main_of(int argument_count, char** arguments) {
  const Invocation invocation = parse_options(argument_count, arguments);
  if (!invocation.options) return invocation.exit_status;
  for (const int signal : {SIGALRM, SIGSEGV, SIGABRT, SIGILL, SIGFPE}) ::signal(signal, die);
  if (!invocation.options->speed) return run_worlds(*invocation.options);
  measure("without faults", FaultSet());
  measure("with all faults", FaultSet::all());
  return 0;
}

}  // namespace
}  // namespace plimsoll::sim

int main(int argument_count, char** arguments) {
  try {
    return plimsoll::sim::main_of(argument_count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sim: %s\n", error.what());
    return 1;
  }
}
