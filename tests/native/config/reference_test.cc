#include "plimsoll/native/config/reference.h"

#include <fstream>
#include <sstream>
#include <string>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::reference_test {
namespace {

TEST_CASE("docs/configuration.md has the options as they are: else run ./dev docs") {
  std::stringstream document;
  document << std::ifstream("docs/configuration.md").rdbuf();
  REQUIRE_FALSE(document.str().empty());
  CHECK(native::config::with_reference(document.str()) == document.str());
}

TEST_CASE("a document without a place for the reference is told from one that has it") {
  CHECK(native::config::with_reference("").empty());
  CHECK(native::config::with_reference("# Configuration\n").empty());
}

}  // namespace
}  // namespace plimsoll::testing::reference_test
