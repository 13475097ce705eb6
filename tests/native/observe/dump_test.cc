#include "plimsoll/dump.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/support/temporary_directory.h"

// What a process says of itself when it is asked, and who may ask how.

namespace plimsoll::testing::dump_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::dump_on_signal;
using native::dump_text;
using native::DumpOptions;

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::size_t count_of(const std::string& part, const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

struct sigaction action_of(int signal) {
  struct sigaction now{};
  ::sigaction(signal, nullptr, &now);
  return now;
}

TEST_CASE("a dump has configuration, line, pools, accounts and clients, and no secrets") {
  native::Options options = patient_options();
  options.client_name = "orders";
  options.username = "jane";
  options.password = "hush";
  shared_server().ask("ACL SETUSER jane on >hush ~* +@all");
  const native::Client client = connected(unix_url(), options);
  const std::string text = dump_text([] { return "memory_limit = \"64 MiB\"  # default"; });
  CHECK(text.starts_with("plimsoll 0."));
  CHECK_THAT(text, ContainsSubstring("\n== configuration\nmemory_limit = \"64 MiB\"  # default\n"));
  CHECK_THAT(text, ContainsSubstring("\nmemory line 64 MiB: "));
  CHECK_THAT(text, ContainsSubstring(" (orders) of unix:" + shared_server().socket_path() +
                                     ", database 0: ready\n"));
  CHECK_THAT(text, ContainsSubstring("\n== accounts: "));
  CHECK_THAT(text, !ContainsSubstring("hush"));
}

TEST_CASE("a dump is cut where it is too large, and says so") {
  const std::string text = dump_text([] { return std::string(2 * native::dump_bytes_max, 'c'); });
  CHECK(text.size() == native::dump_bytes_max);
  CHECK(text.ends_with("... the rest is left out: dump_bytes_max\n"));
}

TEST_CASE("a signal appends a dump to a file that nobody else may read") {
  const TemporaryDirectory directory;
  DumpOptions options;
  options.path = directory.path() + "/dump";
  REQUIRE(dump_on_signal(options));
  ::raise(SIGUSR1);
  REQUIRE(eventually(
      [&] { return content_of(options.path).find("== accounts") != std::string::npos; }));
  struct stat file{};
  REQUIRE(::stat(options.path.c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0600);
  ::raise(SIGUSR1);
  CHECK(eventually([&] { return count_of("== accounts", content_of(options.path)) == 2; }));
  native::stop_dumping_on_signal();
  CHECK(action_of(SIGUSR1).sa_handler == SIG_DFL);
}

TEST_CASE("another signal takes the place of the one before") {
  const TemporaryDirectory directory;
  DumpOptions options;
  options.path = directory.path() + "/dump";
  REQUIRE(dump_on_signal(options));
  options.signal = SIGUSR2;
  REQUIRE(dump_on_signal(options));
  CHECK(action_of(SIGUSR1).sa_handler == SIG_DFL);
  ::raise(SIGUSR2);
  CHECK(eventually([&] { return !content_of(options.path).empty(); }));
  native::stop_dumping_on_signal();
}

TEST_CASE("a signal for which the program has a handler stays the program's") {
  struct sigaction own{};
  own.sa_handler = [](int) {};
  struct sigaction before{};
  ::sigaction(SIGUSR1, &own, &before);
  const auto refused = dump_on_signal();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::invalid_option);
  CHECK_THAT(refused.error().what(), ContainsSubstring("dump.signal is 10: the program has a "
                                                       "handler for it already; expected another"));
  CHECK(action_of(SIGUSR1).sa_handler == own.sa_handler);
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE("a handler that the program installs later is not taken away") {
  REQUIRE(dump_on_signal());
  struct sigaction own{};
  own.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &own, nullptr);
  native::stop_dumping_on_signal();
  CHECK(action_of(SIGUSR1).sa_handler == own.sa_handler);
  ::signal(SIGUSR1, SIG_DFL);
}

TEST_CASE("signals that mean something else, and files that cannot be opened, are refused") {
  DumpOptions options;
  options.signal = SIGSEGV;
  CHECK_THAT(dump_on_signal(options).error().what(), ContainsSubstring("dump.signal is 11"));
  options.signal = SIGUSR1;
  options.path = "/there/is/no/such/folder";
  CHECK(std::string(dump_on_signal(options).error().what()) ==
        "invalid_option: dump.path is \"/there/is/no/such/folder\": No such file or directory; "
        "expected a file to append to");
  CHECK(action_of(SIGUSR1).sa_handler == SIG_DFL);
}

TEST_CASE("signals and dumps while clients come and go") {
  const TemporaryDirectory directory;
  DumpOptions options;
  options.path = directory.path() + "/dump";
  REQUIRE(dump_on_signal(options));
  std::atomic<bool> over = false;
  std::thread work([&over, url = unix_url()] {
    while (!over) {
      auto client = connected(url);
      value_of(client.get("nothing", use_future));
    }
  });
  for (int i = 0; i < 20; ++i) {
    ::raise(SIGUSR1);
    static_cast<void>(dump_text());
  }
  CHECK(eventually([&] { return count_of("== accounts", content_of(options.path)) >= 1; }));
  over = true;
  work.join();
  native::stop_dumping_on_signal();
}

}  // namespace
}  // namespace plimsoll::testing::dump_test
