// GETs over one connection, in batches and with a window in flight: ours against hiredis and
// valkey-benchmark, and what a GET costs in instructions, allocations and system calls.

#include <cstdio>

#include "plimsoll/bench/command_line.h"
#include "plimsoll/bench/machine.h"
#include "plimsoll/bench/pipeline/cases.h"
#include "plimsoll/bench/pipeline/load.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace {

using namespace plimsoll::bench;

struct Options {
  CommonOptions common;
  // For a child under a tool, or for a person with a profiler: one load on a server that runs.
  std::string only;
  std::string pattern = "window";
  std::size_t depth = 100;
  std::size_t count = 100'000;
  std::uint16_t port = 6379;
  bool cold = false;
};

int run_one_load(const Options& options) {
  const Shape shape{options.pattern == "batches" ? Pattern::batches : Pattern::window,
                    options.depth};
  make_contender({options.only, shape}, {.port = options.port}, Pace::slow)
      ->run(options.count, nullptr);
  return 0;
}

int run_all(const Options& options) {
  const Cores cores = choose_cores();
  const plimsoll::testing::ValkeyServer server(
      {.listen = plimsoll::testing::Listen::unix_socket_and_tcp});
  pin(server.pid(), cores.server);
  pin(getpid(), cores.client);
  server.ask("SET " + std::string(bench_key) + " " + std::string(bench_value_bytes, 'v'));

  Report report = make_report("pipeline", options.common);
  report.add_machine(machine_description());
  const Endpoint endpoint{.port = server.port()};
  const Effort& effort = options.common.quick ? quick_effort : full_effort;
  add_rates(endpoint, effort, report);
  add_costs(endpoint, effort, report);
  return report.finish();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CommandLine command_line("GETs of 100 B over one connection to a private valkey-server.",
                           options.common);
  const auto only =
      command_line.add("--only", options.only,
                       "run one load, for a profiler: ours, ours-coroutines, ours-use-awaitable, "
                       "hiredis, hiredis-libev or raw");
  command_line.add("--pattern", options.pattern, "batches or window").needs(only);
  command_line.add("--depth", options.depth, "GETs in a batch or in flight").needs(only);
  command_line.add("--count", options.count, "GETs in all").needs(only);
  const auto cold =
      command_line.add_flag("--cold", options.cold, "print the seconds to a first reply");
  command_line.add("--port", options.port, "of the server for --only and --cold");
  if (const auto status = command_line.parse(argc, argv)) return *status;
  if (cold) {
    std::printf("%.9f\n", first_reply_seconds({.port = options.port}));
    return 0;
  }
  return only ? run_one_load(options) : run_all(options);
}
