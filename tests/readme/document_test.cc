// Runs the programs that a document's code was compiled to. See code_blocks.py.

#include <cstdlib>
#include <sstream>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/examples/program.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::document_test {
namespace {

TEST_CASE("each example of the document runs and succeeds") {
  static const ValkeyServer server;
  const char* const examples = std::getenv("EXAMPLES");
  REQUIRE(examples != nullptr);
  std::istringstream names(examples);
  for (std::string program; names >> program;) {
    DYNAMIC_SECTION(program) {
      const Ending ending = run_program(program, server);
      INFO(ending.output);
      CHECK(ending.status == 0);
    }
  }
}

}  // namespace
}  // namespace plimsoll::testing::document_test
