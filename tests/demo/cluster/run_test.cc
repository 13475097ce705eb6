#include "plimsoll/demo/cluster/run.h"

#include <fstream>
#include <sstream>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/demo/cluster/options.h"
#include "plimsoll/demo/report.h"
#include "plimsoll/tests/support/temporary_directory.h"

namespace plimsoll::demo::cluster_run_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Matches;

struct Outcome {
  int exit_status = 0;
  std::string output;
};

Outcome run(const ClusterDemoOptions& options) {
  std::ostringstream out;
  Report report(out, Report::Target::file);
  const int exit_status = run_in_cluster(options, report);
  return {exit_status, out.str()};
}

TEST_CASE("the walk on six nodes, through all that is done to them, finds nothing wrong") {
  testing::TemporaryDirectory directory;
  ClusterDemoOptions options;
  options.status = directory.path() + "/status";
  std::ofstream(options.status)
      << "Package: a\nStatus: install ok installed\nVersion: 1\nInstalled-Size: 10\n"
         "Depends: b (>= 1), mail | none\n\n"
         "Package: b\nStatus: install ok installed\nVersion: 2\nPre-Depends: a:any\n\n"
         "Package: exim\nStatus: install ok installed\nVersion: 3\nProvides: mail\n";
  options.slots_count = 6;
  options.callers_count = 6;
  options.reads_per_second_max = 1000;
  const Outcome outcome = run(options);
  INFO(outcome.output);
  CHECK(outcome.exit_status == 0);
  CHECK_THAT(outcome.output, ContainsSubstring("\nmove     6 slots from A1 to B1, key by key: "));
  CHECK_THAT(outcome.output, ContainsSubstring("\nfailover A2 takes over from A1"));
  CHECK_THAT(outcome.output, ContainsSubstring("\nkill     kill -9 of C1: C2 serves its slots "));
  CHECK_THAT(outcome.output, ContainsSubstring("\nrestart  C1 is back: "));
  CHECK_THAT(outcome.output, ContainsSubstring(", 0 without an owner\n"));
  CHECK_THAT(outcome.output, Matches("[^]*\ndemo: [0-9,]+ replies and [0-9,]+ closures checked, "
                                     "[0-9,]+ lists compared, 0 wrong\n"));
}

TEST_CASE("a status file that is not there ends the demo before it starts a node") {
  ClusterDemoOptions options;
  options.status = "/nowhere";
  const Outcome outcome = run(options);
  CHECK(outcome.exit_status == 1);
  CHECK_THAT(outcome.output, ContainsSubstring("/nowhere: No such file"));
  CHECK_THAT(outcome.output, !ContainsSubstring("nodes"));
}

TEST_CASE("numbers that make no sense are refused with what was expected") {
  const char* const arguments[] = {"demo", "--slots", "0"};
  const ClusterDemoInvocation invocation = parse_cluster_options(3, arguments);
  CHECK(!invocation.options);
  CHECK(invocation.exit_status == 2);
}

}  // namespace
}  // namespace plimsoll::demo::cluster_run_test
