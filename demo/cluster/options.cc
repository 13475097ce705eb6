#include "plimsoll/demo/cluster/options.h"

#include <CLI/CLI.hpp>

namespace plimsoll::demo {
namespace {

constexpr const char* about =
    "Loads this machine's Debian packages into a cluster of six private nodes, walks their\n"
    "dependencies there, and writes beside that, while slots move, a replica takes over, and a\n"
    "primary is killed. Holds every reply and every list against what they have to be.\n";

constexpr std::size_t slots_limit = 1024;
constexpr std::size_t callers_limit = 300;
constexpr std::size_t rate_limit = 1'000'000;
constexpr std::size_t help_column = 44;

}  // namespace

ClusterDemoInvocation parse_cluster_options(int argument_count, const char* const* arguments) {
  ClusterDemoOptions options;
  CLI::App app(about, "demo --cluster");
  app.get_formatter()->column_width(help_column);
  app.add_option("--status", options.status, "dpkg's status file")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--slots", options.slots_count, "how many slots are moved at a time")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, slots_limit))
      ->capture_default_str();
  app.add_option("--callers", options.callers_count,
                 "how many callers write, each to a slot of its own")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{3}, callers_limit))
      ->capture_default_str();
  app.add_option("--reads", options.reads_per_second_max, "reads of the walk a second, at most")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{200}, rate_limit))
      ->capture_default_str();
  app.add_option("--memory-limit", options.memory_limit,
                 "what the clients may use, such as \"64 MiB\"")
      ->type_name("SIZE");
  // For the page's server: it gets lines of JSON here, and writes orders to standard input.
  app.add_option("--state-fd", options.state_descriptor)->group("");
  app.add_option("--page", options.page)->group("");
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& outcome) {  // --help, too
    return {.options = std::nullopt, .exit_status = app.exit(outcome) == 0 ? 0 : 2};
  }
  return {.options = options, .exit_status = 0};
}

}  // namespace plimsoll::demo
