// What a process keeps when bursts of work have come and gone, by allocator and client, with and
// without the hand-back: anonymous resident memory beside what is accounted for.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "plimsoll/bench/burst/account.h"
#include "plimsoll/bench/burst/feed.h"
#include "plimsoll/bench/burst/line.h"
#include "plimsoll/bench/burst/plot.h"
#include "plimsoll/bench/burst/run.h"
#include "plimsoll/bench/burst/samples.h"
#include "plimsoll/bench/burst/worker.h"
#include "plimsoll/bench/command_line.h"
#include "plimsoll/bench/machine.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace {

using namespace plimsoll::bench;

struct Contender {
  const char* name;
  Client client;
  bool give_back;
  bool bounded;
};
constexpr Contender contenders[] = {
    {"hiredis", Client::hiredis, false, false},
    {"hiredis, bounded", Client::hiredis, false, true},
    {"plimsoll, no hand-back", Client::plimsoll, false, false},
    {"plimsoll", Client::plimsoll, true, false},
    {"plimsoll, bounded, no hand-back", Client::plimsoll, false, true},
    {"plimsoll, bounded", Client::plimsoll, true, true},
};

struct Options {
  CommonOptions common;
  std::vector<std::string> allocator_names;
  std::vector<std::string> contender_names{"hiredis", "plimsoll, no hand-back", "plimsoll"};
  Effort effort;
  std::string svg;
  // For a worker.
  std::string worker;
  WorkerOptions wanted;
};

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void add_rows(const Run& run, bool is_ours, bool gives_back, double quiet, Report& report) {
  const std::string name = run.allocator + ", " + run.contender + ": ";
  const auto bytes = [](std::size_t count) { return static_cast<double>(count); };
  const Span& warm_up = run.bursts.front();
  const std::size_t idle = sample_at(run.samples, warm_up.begin).anonymous;
  const std::size_t before = sample_at(run.samples, warm_up.end + quiet).anonymous;
  report.add({.name = name + "anonymous, idle", .ours = bytes(idle), .unit = "B"});
  report.add({.name = name + "after the warm-up", .ours = bytes(before), .unit = "B"});

  std::size_t most = 0;
  double seconds = 0;
  for (auto burst = run.bursts.begin() + 1; burst != run.bursts.end(); ++burst) {
    most = std::max(most, most_anonymous(run.samples, *burst));
    seconds += burst->end - burst->begin;
  }
  Row peak{.name = name + "most in bursts", .ours = bytes(most), .unit = "B"};
  if (is_ours) {
    peak.peer = bytes(memory_line_bytes + run.last.own_peak + idle);
    peak.goal = ratio_at_most(1);
  }
  report.add(peak);
  for (std::size_t i = 1; i < run.bursts.size(); ++i) {
    const std::size_t after = sample_at(run.samples, run.bursts[i].end + quiet).anonymous;
    Row back{.name = name + std::to_string(static_cast<int>(quiet)) + " s after burst " +
                     std::to_string(i),
             .ours = bytes(after),
             .peer = bytes(before),
             .unit = "B"};
    if (gives_back) back.goal = ratio_at_most(bytes(back_bytes_max(before)) / bytes(before));
    report.add(back);
  }
  if (is_ours) {
    report.add({.name = name + "accounted, most",
                .ours = bytes(run.last.accounted_peak),
                .peer = bytes(memory_line_bytes),
                .unit = "B",
                .goal = ratio_at_most(1)});
    report.add(
        {.name = name + "accounted at the end", .ours = bytes(run.last.accounted), .unit = "B"});
  }
  report.add({.name = name + "the job's own, most", .ours = bytes(run.last.own_peak), .unit = "B"});
  report.add({.name = name + "events a second",
              .ours = bytes(run.last.done) * bytes(run.bursts.size() - 1) /
                      (bytes(run.bursts.size()) * seconds),
              .unit = "1/s"});
  report.add({.name = name + "events not done once and right",
              .ours = bytes(run.wrong_count),
              .unit = "events",
              .goal = counter_at_most(0)});
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d", std::localtime(&now));
  return text;
}

int run_all(const Options& options) {
  const std::string machine = machine_description();
  Report report = make_report("burst", options.common);
  report.add_machine(machine);
  const plimsoll::testing::ValkeyServer server;
  const WorkerOptions worker{.socket_path = server.socket_path(), .seed = 1};
  Feed feed(worker.socket_path, Plan(worker.seed));
  feed.add_keys();

  std::vector<Run> runs;
  for (const Allocator& allocator : allocators) {
    if (!is_among(options.allocator_names, allocator.name)) continue;
    for (const Contender& contender : contenders) {
      if (!is_among(options.contender_names, contender.name)) continue;
      WorkerOptions wanted = worker;
      wanted.client = contender.client;
      wanted.give_back = contender.give_back;
      wanted.bounded = contender.bounded;
      runs.push_back(run_subject(wanted, allocator, options.effort, feed));
      runs.back().contender = contender.name;
      add_rows(runs.back(), contender.client == Client::plimsoll, contender.give_back,
               options.effort.quiet_seconds, report);
    }
  }
  if (!options.svg.empty()) {
    plot(runs, {.subtitle = today() + ", " + machine, .line_bytes = memory_line_bytes},
         options.svg);
    std::fprintf(stderr, "the plot is %s\n", options.svg.c_str());
  }
  return report.finish();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CommandLine command_line("What a process keeps when bursts of work have come and gone.",
                           options.common);
  std::vector<std::string> known_allocators;
  for (const Allocator& allocator : allocators) known_allocators.emplace_back(allocator.name);
  std::vector<std::string> known_contenders;
  for (const Contender& contender : contenders) known_contenders.emplace_back(contender.name);
  command_line.add("--allocators", options.allocator_names, "all, if none is named")
      .one_of(known_allocators);
  command_line.add("--clients", options.contender_names, "all but the bounded ones by default")
      .one_of(known_contenders);
  const auto bursts =
      command_line.add("--bursts", options.effort.bursts_count, "behind the warm-up");
  const auto events = command_line.add("--events", options.effort.events_count, "in a burst");
  command_line.add(
      "--svg", options.svg,
      "where to draw anonymous memory over time; a file among the temporary ones, if it "
      "is no smoke run");
  const auto worker =
      command_line.add("--worker", options.worker, "be a worker: plimsoll or hiredis");
  command_line.add("--socket", options.wanted.socket_path, "of a worker's server");
  command_line.add("--seed", options.wanted.seed, "of a worker's events");
  command_line.add_flag("--give-back", options.wanted.give_back, "of a worker");
  command_line.add_flag("--bounded", options.wanted.bounded, "of a worker");
  if (const auto status = command_line.parse(argc, argv)) return *status;
  if (worker) {
    if (options.worker == "hiredis") options.wanted.client = Client::hiredis;
    run_worker(options.wanted);
  }
  if (options.common.quick) {
    if (!bursts) options.effort.bursts_count = 1;
    if (!events) options.effort.events_count = 1000;
    options.effort.quiet_seconds = 1;
    if (options.allocator_names.empty()) options.allocator_names = {"glibc"};
  }
  if (options.allocator_names.empty()) options.allocator_names = known_allocators;
  if (options.svg.empty() && !options.common.quick) {
    options.svg = std::filesystem::temp_directory_path() / "plimsoll-burst.svg";
  }
  if (!options.svg.empty()) check_can_plot();
  return run_all(options);
}
