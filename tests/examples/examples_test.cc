// Runs each program of examples/ on a server, and holds it to its last comment.

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/examples/program.h"
#include "plimsoll/tests/support/certificates.h"
#include "plimsoll/tests/support/tls_server.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::examples_test {
namespace {

constexpr std::string_view indent = "//   ";

// What the source says after "// Prints:".
std::string announced_output(const std::string& source) {
  std::ifstream lines(source);
  std::string output;
  bool found = false;
  for (std::string line; std::getline(lines, line);) {
    if (found && line.starts_with(indent)) output += line.substr(indent.size()) + "\n";
    found = found || line == "// Prints:";
  }
  return output;
}

TEST_CASE("each example prints what its last comment says") {
  // The script of examples/timeouts takes half a second of a processor. On a busy machine that can
  // be more than the five seconds after which a server answers BUSY.
  static const ValkeyServer server({.arguments = {"--busy-reply-threshold", "600000"}});
  for (const auto& file : std::filesystem::directory_iterator("examples")) {
    if (file.path().extension() != ".cc" || file.path().stem() == "tls") continue;
    const std::string program = "examples/" + file.path().stem().string();
    DYNAMIC_SECTION(program) {
      const std::string announced = announced_output(file.path());
      const Ending ending = run_program(program, server);
      REQUIRE_FALSE(announced.empty());
      CHECK(ending.output == announced);
      CHECK(ending.status == 0);
    }
  }
}

TEST_CASE("the example of TLS prints what its last comment says, on a server that has TLS") {
  const CertificateAuthority authority;
  const TlsServer server(authority);
  const Ending ending = run_program("examples/tls", server.url() + " " + authority.file());
  CHECK(ending.output == announced_output("examples/tls.cc"));
  CHECK(ending.status == 0);
}

TEST_CASE("an example that finds no server says so and fails") {
  const Ending ending = run_program("examples/hello", "unix:///there/is/no/server");
  CHECK(ending.output.starts_with("connect_failed: "));
  CHECK(ending.status == 1);
}

}  // namespace
}  // namespace plimsoll::testing::examples_test
