#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/bench/allocations.h"
#include "plimsoll/bench/pipeline/cases.h"
#include "plimsoll/bench/pipeline/counters.h"
#include "plimsoll/bench/pipeline/load.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/bench/statistics.h"

namespace plimsoll::bench {
namespace {

constexpr Shape hundred_in_flight{Pattern::window, 100};
constexpr Shape one_in_flight{Pattern::batches, 1};

const Load ours_hundred{"ours", hundred_in_flight};
const Load ours_awaited{"ours-coroutines", hundred_in_flight};
const Load ours_use_awaitable{"ours-use-awaitable", hundred_in_flight};
const Load hiredis_hundred{"hiredis-libev", hundred_in_flight};
const Load ours_one{"ours", one_in_flight};
const Load hiredis_one{"hiredis", one_in_flight};

double allocations_of(Contender& contender, std::size_t count) {
  start_counting_allocations();
  contender.run(count, nullptr);
  return static_cast<double>(stop_counting_allocations());
}

// By difference too, which leaves out how a run starts.
double allocations_per_get(const Load& load, const Endpoint& endpoint, const Effort& effort) {
  const auto contender = make_contender(load, endpoint, effort.pace);
  const std::size_t count = 100'000 / effort.divisor;
  contender->run(count, nullptr);  // pools and buffers have their size now
  const double fewer = allocations_of(*contender, count);
  const double more = allocations_of(*contender, 2 * count);
  return per_operation(fewer, more, count);
}

void add_instructions(const Endpoint& endpoint, const Effort& effort, Report& report) {
  const std::size_t count = 40'000 / effort.divisor;
  report.add({.name = "100 in flight, instructions, hiredis on libev",
              .ours = instructions_per_get(ours_hundred, endpoint, count),
              .peer = instructions_per_get(hiredis_hundred, endpoint, count),
              .unit = "instructions/GET",
              .goal = counter_at_most(1000)});
  report.add({.name = "100 in flight, instructions, co_await",
              .ours = instructions_per_get(ours_awaited, endpoint, count),
              .unit = "instructions/GET",
              .goal = counter_at_most(1500)});
  report.add({.name = "100 in flight, instructions, use_awaitable",
              .ours = instructions_per_get(ours_use_awaitable, endpoint, count),
              .unit = "instructions/GET",
              .goal = counter_at_most(1500)});
  report.add({.name = "1 in flight, instructions, hiredis",
              .ours = instructions_per_get(ours_one, endpoint, count),
              .peer = instructions_per_get(hiredis_one, endpoint, count),
              .unit = "instructions/GET",
              .goal = counter_at_most(4500)});
}

void add_allocations(const Endpoint& endpoint, const Effort& effort, Report& report) {
  if (!can_count_allocations()) return;
  const double ours = allocations_per_get(ours_hundred, endpoint, effort);
  report.add({.name = "100 in flight, allocations, hiredis on libev",
              .ours = ours,
              .peer = allocations_per_get(hiredis_hundred, endpoint, effort),
              .unit = "allocations/GET"});
  // One of them is the string that the caller asked for. So this is the core and all around it.
  report.add({.name = "100 in flight, allocations but for the value",
              .ours = ours - 1,
              .unit = "allocations/GET",
              .goal = counter_at_most(0)});
  report.add({.name = "the same, co_await",
              .ours = allocations_per_get(ours_awaited, endpoint, effort) - 1,
              .unit = "allocations/GET",
              .goal = counter_at_most(0)});
  report.add({.name = "the same, use_awaitable",
              .ours = allocations_per_get(ours_use_awaitable, endpoint, effort) - 1,
              .unit = "allocations/GET",
              .goal = counter_at_most(0)});
}

void add_system_calls(const Endpoint& endpoint, const Effort& effort, Report& report) {
  const std::size_t count = 40'000 / effort.divisor;
  report.add({.name = "100 in flight, system calls, hiredis on libev",
              .ours = system_calls_per_get(ours_hundred, endpoint, count),
              .peer = system_calls_per_get(hiredis_hundred, endpoint, count),
              .unit = "system calls/GET",
              .goal = counter_at_most(0.05)});
  report.add({.name = "1 in flight, system calls, hiredis",
              .ours = system_calls_per_get(ours_one, endpoint, count),
              .peer = system_calls_per_get(hiredis_one, endpoint, count),
              .unit = "system calls/GET",
              .goal = counter_at_most(4)});
}

// In a process of its own each time: the runtime's thread, the buffers and the pages of the code
// are all cold.
void add_first_reply(const Endpoint& endpoint, const Effort& effort, Report& report) {
  std::vector<double> seconds;
  for (int start = 0; start < effort.cold_starts; ++start) {
    const auto text = run_program({own_path(), "--cold", "--port", std::to_string(endpoint.port)});
    seconds.push_back(std::strtod(text.c_str(), nullptr));
  }
  report.add({.name = "first reply from cold",
              .ours = median(seconds) * 1e3,
              .unit = "ms",
              .goal = time_at_most(1.5)});
}

// A benchmark without its counters proves nothing; a smoke run makes do with what is there.
bool can_run(const char* tool, const Effort& effort) {
  if (has_program(tool)) return true;
  if (effort.tools == Effort::Tools::required) fail(tool, "not installed");
  std::fprintf(stderr, "%s is not installed: its rows are left out\n", tool);
  return false;
}

}  // namespace

void add_costs(const Endpoint& endpoint, const Effort& effort, Report& report) {
  if (can_run("valgrind", effort)) add_instructions(endpoint, effort, report);
  add_allocations(endpoint, effort, report);
  if (can_run("strace", effort)) add_system_calls(endpoint, effort, report);
  add_first_reply(endpoint, effort, report);
}

}  // namespace plimsoll::bench
