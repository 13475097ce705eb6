// ./dev demo --cluster: see options.cc for what it does, run.cc for how.

#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>

#include "plimsoll/demo/cluster/options.h"
#include "plimsoll/demo/cluster/run.h"
#include "plimsoll/demo/report.h"

int main(int argument_count, char** arguments) {
  using plimsoll::demo::Report;
  // The server of the page may be gone.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const auto invocation = plimsoll::demo::parse_cluster_options(argument_count, arguments);
    if (!invocation.options) return invocation.exit_status;
    const auto target =
        ::isatty(STDOUT_FILENO) != 0 ? Report::Target::terminal : Report::Target::file;
    Report report(std::cout, target);
    return plimsoll::demo::run_in_cluster(*invocation.options, report);
  } catch (const std::exception& error) {
    std::cerr << "demo: " << error.what() << std::endl;
    return 1;
  }
}
