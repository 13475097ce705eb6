// Threads that block on each GET: SyncClient against hiredis' blocking API, one thread, and sixteen
// that share one SyncClient against sixteen connections.

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "plimsoll/bench/command_line.h"
#include "plimsoll/bench/machine.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/bench/statistics.h"
#include "plimsoll/bench/sync/callers.h"
#include "plimsoll/native/runtime/sleepers.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace {

using namespace plimsoll::bench;

struct Options {
  CommonOptions common;
  // For a child under a tool, or for a person with a profiler: one load on a server that runs.
  std::string only;
  std::size_t threads = 1;
  std::size_t count = 100'000;
  std::uint16_t port = 6379;
};

// `count` GETs, shared among the callers, each in a thread of its own.
void run(const Callers& callers, std::size_t count) {
  if (callers.size() == 1) return callers.front()->get(count);
  std::vector<std::thread> threads;
  for (const auto& caller : callers) {
    threads.emplace_back([&caller, each = count / callers.size()] { caller->get(each); });
  }
  for (std::thread& thread : threads) thread.join();
}

// User and system time of all threads, and how often they were switched away from.
struct Usage {
  double cpu_seconds = 0;
  double switches = 0;
};

Usage usage_now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return {.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime),
          .switches = static_cast<double>(usage.ru_nvcsw + usage.ru_nivcsw)};
}

struct Sample {
  double gets_per_second = 0;
  double cpu_seconds_per_get = 0;
  double switches_per_get = 0;
};

Sample take_sample(const Callers& callers, std::size_t count) {
  const Usage before = usage_now();
  const auto start = std::chrono::steady_clock::now();
  run(callers, count);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const Usage after = usage_now();
  const auto gets = static_cast<double>(count / callers.size() * callers.size());
  return {.gets_per_second = gets / elapsed.count(),
          .cpu_seconds_per_get = (after.cpu_seconds - before.cpu_seconds) / gets,
          .switches_per_get = (after.switches - before.switches) / gets};
}

struct Effort {
  int slices;
  std::size_t divisor;
};
constexpr Effort full_effort{.slices = 21, .divisor = 1};
constexpr Effort quick_effort{.slices = 1, .divisor = 20};

// The median of each figure over slices in which the contenders take turns.
std::vector<Sample> compare(const std::vector<std::string>& names, std::size_t threads,
                            std::size_t count, std::uint16_t port, const Effort& effort) {
  std::vector<Callers> contenders;
  for (const auto& name : names) {
    contenders.push_back(make_callers(name, port, threads));
    run(contenders.back(), count / 4);
  }
  std::vector<std::vector<Sample>> samples(names.size());
  for (int slice = 0; slice < effort.slices; ++slice) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      samples[i].push_back(take_sample(contenders[i], count));
    }
  }
  std::vector<Sample> medians;
  for (const auto& of_one : samples) {
    const auto middle = [&of_one](double Sample::* figure) {
      std::vector<double> values;
      for (const Sample& sample : of_one) values.push_back(sample.*figure);
      return median(std::move(values));
    };
    medians.push_back({.gets_per_second = middle(&Sample::gets_per_second),
                       .cpu_seconds_per_get = middle(&Sample::cpu_seconds_per_get),
                       .switches_per_get = middle(&Sample::switches_per_get)});
  }
  return medians;
}

void add_rows(const std::string& name, const Sample& ours, const Sample& peer,
              std::optional<Goal> rate_goal, std::optional<Goal> cpu_goal, Report& report) {
  report.add({.name = name,
              .ours = ours.gets_per_second,
              .peer = peer.gets_per_second,
              .unit = "GET/s",
              .goal = rate_goal});
  report.add({.name = name + ", CPU",
              .ours = ours.cpu_seconds_per_get * 1e6,
              .peer = peer.cpu_seconds_per_get * 1e6,
              .unit = "us/GET",
              .goal = cpu_goal});
  report.add({.name = name + ", switches",
              .ours = ours.switches_per_get,
              .peer = peer.switches_per_get,
              .unit = "switches/GET"});
}

// Processor time of a thread's sleep, where fifteen are woken by one system call: threads that
// sleep until their reply is there cannot take less.
double cpu_seconds_per_sleep(std::uint32_t rounds) {
  constexpr unsigned sleepers_count = 15;
  plimsoll::native::Sleepers sleepers;
  std::atomic<std::uint32_t> round{0};
  std::atomic<unsigned> awake{0};
  std::vector<std::thread> threads;
  for (unsigned place = 0; place < sleepers_count; ++place) {
    threads.emplace_back([&, place] {
      for (std::uint32_t next = 1; next <= rounds; ++next) {
        for (;;) {
          const auto ticket = sleepers.ticket();
          if (round >= next) break;
          sleepers.sleep(ticket, place);
        }
        --awake;
      }
    });
  }
  const Usage before = usage_now();
  for (std::uint32_t next = 1; next <= rounds; ++next) {
    awake = sleepers_count;
    round = next;
    sleepers.wake((1U << sleepers_count) - 1);
    while (awake > 0) std::this_thread::yield();
  }
  const double cpu = usage_now().cpu_seconds - before.cpu_seconds;
  for (std::thread& thread : threads) thread.join();
  return cpu / rounds / sleepers_count;
}

std::string run_child(std::vector<std::string> tool, const std::string& name, std::size_t threads,
                      std::size_t count, std::uint16_t port) {
  for (const std::string& word :
       {own_path(), std::string("--only"), name, std::string("--threads"), std::to_string(threads),
        std::string("--count"), std::to_string(count), std::string("--port"),
        std::to_string(port)}) {
    tool.push_back(word);
  }
  return run_program(tool);
}

// strace -c ends with "100.00    0.001    12    345    6 total", where errors (6) may be left out.
double system_calls(const std::string& name, std::size_t threads, std::size_t count,
                    std::uint16_t port) {
  const std::string text = run_child({"strace", "-f", "-c"}, name, threads, count, port);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.ends_with(" total")) continue;
    std::istringstream columns(line);
    double percent = 0;
    double seconds = 0;
    double microseconds_per_call = 0;
    double calls = 0;
    if (columns >> percent >> seconds >> microseconds_per_call >> calls) return calls;
  }
  fail("strace wrote what is not understood", text);
}

// callgrind's last lines have "==123== Collected : 4567".
double instructions(const std::string& name, std::size_t threads, std::size_t count,
                    std::uint16_t port) {
  const std::string text =
      run_child({"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"}, name, threads,
                count, port);
  const auto label = text.find("Collected : ");
  if (label == std::string::npos) fail("callgrind wrote what is not understood", text);
  return std::stod(text.substr(label + 12));
}

// By the difference of two runs, which leaves out start-up and connecting.
template <class Total>
double per_get(Total total, const std::string& name, std::size_t threads, std::size_t count,
               std::uint16_t port) {
  constexpr std::size_t settled_count = 4'000;
  const double fewer = total(name, threads, settled_count, port);
  const double more = total(name, threads, settled_count + count, port);
  return per_operation(fewer, more, count);
}

int run_one_load(const Options& options) {
  run(make_callers(options.only, options.port, options.threads), options.count);
  return 0;
}

int run_all(const Options& options) {
  const Cores cores = choose_cores();
  const plimsoll::testing::ValkeyServer server(
      {.listen = plimsoll::testing::Listen::unix_socket_and_tcp});
  pin(server.pid(), cores.server);
  pin(getpid(), cores.client);
  server.ask("SET " + std::string(sync_key) + " " + std::string(sync_value_bytes, 'v'));
  const std::uint16_t port = server.port();
  const Effort& effort = options.common.quick ? quick_effort : full_effort;

  Report report = make_report("sync", options.common);
  report.add_machine(machine_description());

  const std::size_t one_count = 5'000 / effort.divisor;
  const auto one = compare({"ours", "hiredis", "ours-futures"}, 1, one_count, port, effort);
  add_rows("1 thread, hiredis", one[0], one[1], std::nullopt, ratio_at_most(1.15), report);
  add_rows("1 thread, a future of Client", one[0], one[2], std::nullopt, std::nullopt, report);

  const std::size_t many_count = 32'000 / effort.divisor;
  const auto many =
      compare({"ours", "hiredis", "ours-futures", "ours-own"}, 16, many_count, port, effort);
  add_rows("16 threads share one, 16 of hiredis", many[0], many[1], ratio_at_least(3.0),
           std::nullopt, report);
  add_rows("16 threads share one, futures of Client", many[0], many[2], std::nullopt, std::nullopt,
           report);
  add_rows("16 threads with one each, 16 of hiredis", many[3], many[1], std::nullopt, std::nullopt,
           report);

  report.add(
      {.name = "16 threads, a sleep and its part of a wake-up, CPU",
       .ours = cpu_seconds_per_sleep(static_cast<std::uint32_t>(10'000 / effort.divisor)) * 1e6,
       .unit = "us/sleep"});

  const std::size_t counted = 20'000 / effort.divisor;
  report.add({.name = "1 thread, instructions, hiredis",
              .ours = per_get(instructions, "ours", 1, counted, port),
              .peer = per_get(instructions, "hiredis", 1, counted, port),
              .unit = "instructions/GET"});
  report.add({.name = "1 thread, system calls, hiredis",
              .ours = per_get(system_calls, "ours", 1, counted, port),
              .peer = per_get(system_calls, "hiredis", 1, counted, port),
              .unit = "system calls/GET"});
  return report.finish();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CommandLine command_line("GETs of 100 B by threads that block, on a private valkey-server.",
                           options.common);
  const auto only =
      command_line.add("--only", options.only,
                       "run one load, for a profiler: ours, ours-own, ours-futures or "
                       "hiredis");
  command_line.add("--threads", options.threads, "how many threads").needs(only);
  command_line.add("--count", options.count, "GETs in all").needs(only);
  command_line.add("--port", options.port, "of the server").needs(only);
  if (const auto status = command_line.parse(argc, argv)) return *status;
  return only ? run_one_load(options) : run_all(options);
}
