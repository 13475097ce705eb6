#include "plimsoll/native/config/text/bounded_file.h"

#include <sys/stat.h>

#include <fstream>
#include <string>
#include <thread>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/tests/support/temporary_directory.h"

// What stands in the place of a file: the process that reads it must not be stopped by it.

namespace plimsoll::testing::bounded_file_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using native::config::read_bounded_file;
using native::config::read_secret_file;

std::string problem_of(const native::Result<std::string>& read) {
  return read ? "no problem" : std::string(read.error().text());
}

// A named pipe.
std::string new_pipe(const TemporaryDirectory& directory) {
  const std::string path = directory.path() + "/pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  return path;
}

TEST_CASE("a file is read whole, up to its bound") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  std::ofstream(path) << "1234";
  CHECK(read_bounded_file(path, 4).value() == "1234");
  CHECK_THAT(problem_of(read_bounded_file(path, 3)), ContainsSubstring(path + ": has more than 3"));
}

TEST_CASE("what cannot be read is named with the system's words") {
  const TemporaryDirectory directory;
  CHECK_THAT(problem_of(read_bounded_file(directory.path(), 9)), ContainsSubstring("directory"));
  CHECK_THAT(problem_of(read_bounded_file(directory.path() + "/none", 9)),
             ContainsSubstring("No such file"));
}

TEST_CASE("a pipe into which nobody writes is empty, and holds nobody up") {
  const TemporaryDirectory directory;
  const std::string path = new_pipe(directory);
  CHECK(read_bounded_file(path, 9).value().empty());
  CHECK_THAT(problem_of(read_secret_file(path)), ContainsSubstring(path + ": is empty"));
}

TEST_CASE("a pipe is read to its end, in pieces as they come") {
  const TemporaryDirectory directory;
  const std::string path = new_pipe(directory);
  // The writer opens it for both ways, so that it need not wait for the reader.
  std::fstream writer(path);
  writer << "12" << std::flush;
  std::jthread later([&] {
    writer << "34" << std::flush;
    writer.close();
  });
  CHECK(read_bounded_file(path, 9).value() == "1234");
}

TEST_CASE("a pipe that stays open ends in an error") {
  const TemporaryDirectory directory;
  const std::string path = new_pipe(directory);
  const std::fstream writer(path);
  CHECK_THAT(problem_of(read_bounded_file(path, 9)), ContainsSubstring("whose writer takes too"));
}

}  // namespace
}  // namespace plimsoll::testing::bounded_file_test
