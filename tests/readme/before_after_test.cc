// Runs the programs of docs/coming_from_*.md: those of another client, and ours in their place. See
// before_after.py.

#include <cstdlib>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/examples/program.h"
#include "plimsoll/tests/readme/before_after_cases.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::before_after_test {
namespace {

const ValkeyServer& server() {
  static const ValkeyServer shared({.listen = Listen::unix_socket_and_tcp});
  return shared;
}

// AFTER is the program of all of ours; BEFORE_hiredis that of hiredis' own, and so on.
std::string program_in(const std::string& variable) {
  const char* const path = std::getenv(variable.c_str());
  return path == nullptr ? "" : path;
}

void check_prints(const Ending& ending, const Case& each) {
  CHECK(ending.status == 0);
  CHECK(ending.output == each.prints);
}

TEST_CASE("our programs print what the pages about other clients say") {
  const std::string ours = program_in("AFTER");
  REQUIRE_FALSE(ours.empty());
  for (const Case& each : cases) {
    INFO(each.place << ": " << each.program);
    const std::string call = ours + " " + each.client + "." + each.program;
    check_prints(run_program(call, server()), each);
  }
}

TEST_CASE("programs of another client print what its page says") {
  int count = 0;
  for (const Case& each : cases) {
    const std::string theirs = program_in(std::string("BEFORE_") + each.client);
    if (theirs.empty()) continue;  // a client that is not on every machine: see the page
    ++count;
    INFO(each.place << ": " << each.program);
    server().ask("FLUSHALL");
    const std::string address = "127.0.0.1 " + std::to_string(server().port());
    check_prints(run_program(theirs + " " + each.program, address), each);
  }
  CHECK(count > 0);
}

}  // namespace
}  // namespace plimsoll::testing::before_after_test
