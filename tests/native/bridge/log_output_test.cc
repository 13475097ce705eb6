#include "plimsoll/native/bridge/log_output.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <ostream>
#include <sstream>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/native/bridge/standard_streams.h"
#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/temporary_directory.h"

namespace plimsoll::testing::log_output_test {
namespace {

using bridge::LogOutput;

// A pipe of one page of 4 KiB, the least that Linux has: it takes nothing while it has anything.
struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    checked(::pipe(ends.data()), "pipe");
    reader = Descriptor(ends[0]);
    writer = Descriptor(ends[1]);
    checked(::fcntl(ends[1], F_SETPIPE_SZ, 4096), "F_SETPIPE_SZ");
  }

  std::string read() const {
    std::array<char, 65536> text;
    const ssize_t size = ::read(reader.number(), text.data(), text.size());
    return {text.data(), static_cast<std::size_t>(size)};
  }

  Descriptor reader;
  Descriptor writer;
};

TEST_CASE("a line that would have to wait is left out and counted; the next ones are written") {
  const Pipe pipe;
  LogOutput output(pipe.writer.number());
  std::ostream lines(&output);
  const std::uint64_t before = LogOutput::lines_lost();
  lines << "first\n" << std::flush;
  lines << "lost\n" << std::flush;
  CHECK(LogOutput::lines_lost() == before + 1);
  CHECK(pipe.read() == "first\n");
  lines << "third\n" << std::flush;
  CHECK(pipe.read() == "third\n");
  CHECK(lines.good());
}

TEST_CASE("a line that is cut does not run into the next one") {
  const Pipe pipe;
  LogOutput output(pipe.writer.number());
  std::ostream lines(&output);
  const std::uint64_t before = LogOutput::lines_lost();
  lines << std::string(5000, 'a') + '\n' << std::flush;
  CHECK(LogOutput::lines_lost() == before + 1);
  CHECK(pipe.read() == std::string(4096, 'a'));
  lines << "next\n" << std::flush;
  CHECK(pipe.read() == "\nnext\n");
}

TEST_CASE("a reader that is gone, and a disk that is full, cost lines, and nothing else") {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.reader.close();
  LogOutput output(pipe.writer.number());
  std::ostream lines(&output);
  const std::uint64_t before = LogOutput::lines_lost();
  lines << "to nobody\n" << std::flush;
  CHECK(LogOutput::lines_lost() == before + 1);
  const Descriptor full(checked(::open("/dev/full", O_WRONLY), "open"));
  LogOutput full_output(full.number());
  std::ostream full_lines(&full_output);
  full_lines << "one\n" << std::flush;
  full_lines << "two\n" << std::flush;
  CHECK(LogOutput::lines_lost() == before + 3);
  CHECK((lines.good() && full_lines.good()));
}

TEST_CASE("a program that is started without its standard streams gets none of their numbers") {
  const pid_t child = checked(::fork(), "fork");
  if (child == 0) {
    for (const int each : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(each);
    bridge::open_standard_streams();
    ::_exit(::open("/dev/null", O_RDONLY) > STDERR_FILENO ? 0 : 1);
  }
  int status = -1;
  checked(::waitpid(child, &status, 0), "waitpid");
  CHECK(status == 0);
}

TEST_CASE("a file is appended to, and opened again by its name") {
  const TemporaryDirectory folder;
  const std::string name = folder.path() + "/log";
  const auto text_of = [](const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  };
  std::ofstream(name) << "before\n";
  LogOutput output;
  REQUIRE(output.open(name));
  std::ostream lines(&output);
  lines << "one\n" << std::flush;
  CHECK(text_of(name) == "before\none\n");
  REQUIRE(::rename(name.c_str(), (name + ".1").c_str()) == 0);
  REQUIRE(output.reopen());
  lines << "two\n" << std::flush;
  CHECK(text_of(name) == "two\n");
  CHECK(text_of(name + ".1") == "before\none\n");
}

TEST_CASE("if a file cannot be opened again, the one that was open stays") {
  const TemporaryDirectory folder;
  const std::string inner = folder.path() + "/inner";
  REQUIRE(::mkdir(inner.c_str(), 0700) == 0);
  LogOutput output;
  REQUIRE(output.open(inner + "/log"));
  const std::string moved = folder.path() + "/moved";
  REQUIRE(::rename(inner.c_str(), moved.c_str()) == 0);
  CHECK_FALSE(output.reopen());
  std::ostream lines(&output);
  lines << "one\n" << std::flush;
  CHECK(std::ifstream(moved + "/log").peek() == 'o');
}

}  // namespace
}  // namespace plimsoll::testing::log_output_test
