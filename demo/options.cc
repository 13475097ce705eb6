#include "plimsoll/demo/options.h"

#include <CLI/CLI.hpp>

namespace plimsoll::demo {
namespace {

constexpr const char* about =
    "Loads the machine's Debian package database into a Valkey server through the client, walks\n"
    "the dependencies of its packages there, and holds every reply against the files.\n";

// The client admits so many requests at a time unless it is told otherwise.
constexpr std::size_t in_flight_limit = 1000;

constexpr std::size_t help_column = 44;

}  // namespace

Invocation parse_options(int argument_count, const char* const* arguments) {
  Options options;
  CLI::App app(about, "demo");
  app.get_formatter()->column_width(help_column);
  app.add_option("--status", options.status, "dpkg's status file")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--lists", options.lists, "the folder of apt's lists, which may be missing")
      ->type_name("FOLDER")
      ->capture_default_str();
  app.add_option("--in-flight", options.in_flight_max, "requests in flight at a time, at most")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, in_flight_limit))
      ->capture_default_str();
  app.add_option("--visits", options.visits_max,
                 "besides all installed packages walk from others,\n"
                 "until all walks have come by so many packages")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--burst", options.burst_calls,
                 "in the end ask for so many writes at once under a small memory line; 0: do not")
      ->type_name("N")
      ->capture_default_str();
  auto* const url = app.add_option("--url", options.url,
                                   "a server that runs already, instead of a private one;\n"
                                   "the demo's keys have a prefix and are deleted in the end")
                        ->type_name("URL");
  app.add_flag("--leave-keys", options.leave_keys,
               "neither prefix nor end: leave the keys to others, and the set packages:installed;\n"
               "the server must not have them yet")
      ->needs(url);
  app.add_option("--memory-limit", options.memory_limit,
                 "what the client may use, such as \"64 MiB\"")
      ->type_name("SIZE");
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& outcome) {  // --help, too
    return {.options = std::nullopt, .exit_status = app.exit(outcome) == 0 ? 0 : 2};
  }
  return {.options = options, .exit_status = 0};
}

}  // namespace plimsoll::demo
