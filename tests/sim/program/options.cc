#include "plimsoll/tests/sim/program/options.h"

#include <string>

#include <CLI/CLI.hpp>

namespace plimsoll::sim {
namespace {

constexpr const char* about =
    "Runs clients against model servers in worlds where everything goes wrong that can, one world\n"
    "a seed, and holds the clients to what they promise.\n";

constexpr std::size_t help_column = 34;

}  // namespace

Scenario Options::scenario(std::uint64_t seed) const {
  Scenario scenario = Scenario::of_seed(seed, size);
  if (clients) scenario.clients = *clients;
  if (servers) scenario.servers = *servers;
  if (requests) scenario.requests = *requests;
  if (faults) scenario.faults = *faults;
  if (interval_ms) scenario.fault_interval = std::chrono::milliseconds(*interval_ms);
  if (time_max_ms) scenario.time_max = std::chrono::milliseconds(*time_max_ms);
  return scenario;
}

Invocation parse_options(int argument_count, const char* const* arguments) {
  Options options;
  bool small = false;
  bool group = false;
  bool cluster = false;
  std::optional<std::uint64_t> seed;
  std::string faults;
  CLI::App app(about, "sim");
  app.get_formatter()->column_width(help_column);
  app.add_option("--seeds", options.seeds, "how many worlds")->capture_default_str();
  app.add_option("--from", options.first_seed, "the first seed")->capture_default_str();
  app.add_option("--minutes", options.minutes, "as many worlds as that takes");
  app.add_option("--seed", seed, "this world alone");
  app.add_flag("--trace", options.trace, "print all that happens");
  app.add_flag("--small", small, "small worlds: a client or two, few requests");
  app.add_flag("--group", group, "worlds with a primary, replicas and sentinels");
  app.add_flag("--cluster", cluster, "worlds with a cluster");
  app.add_flag("--speed", options.speed, "measure simulated requests a second");
  const auto positive = CLI::Range(std::size_t{1}, std::size_t{1} << 40);
  app.add_option("--clients", options.clients, "in place of what the seed says")->check(positive);
  app.add_option("--servers", options.servers, "likewise: 1 to 4")->check(CLI::Range(1, 4));
  app.add_option("--requests", options.requests, "likewise, of each client")->check(positive);
  app.add_option("--faults", faults, "likewise: all, none, or names such as reset,stall");
  app.add_option("--interval-ms", options.interval_ms, "likewise: between two faults");
  app.add_option("--time-max-ms", options.time_max_ms, "likewise: until the faults stop");
  try {
    app.parse(argument_count, arguments);
    if (seed) {
      options.first_seed = *seed;
      options.seeds = 1;
    }
    if (small) options.size = Scenario::Size::small;
    if (group) options.size = Scenario::Size::group;
    if (cluster) options.size = Scenario::Size::cluster;
    if (!faults.empty()) {
      options.faults = FaultSet::parse(faults);
      if (!options.faults) throw CLI::ValidationError("--faults", "no such fault in " + faults);
    }
  } catch (const CLI::ParseError& outcome) {  // --help, too
    return {.options = std::nullopt, .exit_status = app.exit(outcome) == 0 ? 0 : 2};
  }
  return {.options = options, .exit_status = 0};
}

}  // namespace plimsoll::sim
