#include "plimsoll/bench/program.h"

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::bench::program_test {
namespace {

TEST_CASE("a program's output and errors come back together") {
  CHECK(run_program({"sh", "-c", "echo out; echo err >&2"}) == "out\nerr\n");
}

TEST_CASE("an argument reaches the program as it is") {
  CHECK(run_program({"printf", "%s", "two words; $HOME"}) == "two words; $HOME");
}

TEST_CASE("a program is looked for on the PATH") {
  CHECK(has_program("sh"));
  CHECK_FALSE(has_program("no-program-has-this-name"));
}

TEST_CASE("the path of the running binary can be run again") {
  CHECK(run_program({own_path(), "-?"}).find("program_test [") != std::string::npos);
}

}  // namespace
}  // namespace plimsoll::bench::program_test
