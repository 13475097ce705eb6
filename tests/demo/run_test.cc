#include "plimsoll/demo/run.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/support/temporary_directory.h"
#include "plimsoll/tests/support/test_timeout.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::demo::run_test {
namespace {

using namespace std::chrono_literals;
using plimsoll::testing::ValkeyServer;

constexpr const char* few_packages =
    "Package: a\nStatus: install ok installed\nVersion: 1\nInstalled-Size: 10\n"
    "Depends: b (>= 1), mail | none\n\n"
    "Package: b\nStatus: install ok installed\nVersion: 2\nPre-Depends: a:any\n\n"
    "Package: exim\nStatus: install ok installed\nVersion: 3\nProvides: mail\n";

// So many that their walks take far longer than any test waits: each needs all that come after it.
std::string endless_chain() {
  std::string text;
  for (int number = 10'000; number < 12'000; ++number) {
    text += "Package: p" + std::to_string(number) +
            "\nStatus: install ok installed\nVersion: 1\nDepends: p" + std::to_string(number + 1) +
            "\n\n";
  }
  return text;
}

struct Outcome {
  int exit_status = 0;
  std::string output;

  [[nodiscard]] std::string last_line() const {
    const auto end = output.rfind('\n', output.size() - 2);
    return output.substr(end + 1);
  }
};

// A status file and no lists, and a server if the test brings one.
class Demo {
 public:
  explicit Demo(const std::string& status) {
    options_.status = directory_.path() + "/status";
    options_.lists = directory_.path() + "/lists";
    options_.burst_calls = 0;
    std::ofstream(options_.status) << status;
  }

  Options& options() { return options_; }

  [[nodiscard]] Outcome run() const {
    std::ostringstream out;
    Report report(out, Report::Target::file);
    const int exit_status = demo::run(options_, report);
    return {exit_status, out.str()};
  }

 private:
  testing::TemporaryDirectory directory_;
  Options options_;
};

// Waits until the demo has begun to load, which it never undoes by itself in these tests.
void wait_for_keys(const ValkeyServer& server) {
  const auto deadline = std::chrono::steady_clock::now() + testing::test_timeout(10s);
  while (server.ask("DBSIZE") == ":0\r\n" && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
}

TEST_CASE("a run loads the packages, walks from each, and finds every reply right") {
  const Demo demo(few_packages);

  const auto outcome = demo.run();

  CAPTURE(outcome.output);
  CHECK(outcome.exit_status == 0);
  // 3 versions, 3 hashes, 2 sets of relations, 1 of providers are written. Walks from a and b visit
  // all three and look for mail; that from exim visits itself.
  CHECK(outcome.last_line() == "demo: " + std::to_string(9 + 2 * (3 * 3 + 2) + 3) +
                                   " replies and 3 closures checked, 0 wrong\n");
}

TEST_CASE("a server of the user's is left as it was") {
  const ValkeyServer server;
  server.ask("SET mine 1");
  Demo demo(few_packages);
  demo.options().url = server.url();

  const auto outcome = demo.run();

  CAPTURE(outcome.output);
  CHECK(outcome.exit_status == 0);
  CHECK(server.ask("DBSIZE") == ":1\r\n");
  CHECK(server.ask("EXISTS mine") == ":1\r\n");
}

TEST_CASE("keys are left to others where one asks for it, and the installed are named") {
  const ValkeyServer server;
  Demo demo(std::string(few_packages) +
            "\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 4\n");
  demo.options().url = server.url();
  demo.options().leave_keys = true;
  demo.options().burst_calls = 1000;

  const auto outcome = demo.run();

  CAPTURE(outcome.output);
  CHECK(outcome.exit_status == 0);
  CHECK(server.ask("GET package:b") == "$1\r\n2\r\n");
  CHECK(server.ask("SMEMBERS provides:mail") == "*1\r\n$4\r\nexim\r\n");
  CHECK(server.ask("SCARD packages:installed") == ":3\r\n");
  CHECK(server.ask("SISMEMBER packages:installed exim") == ":1\r\n");
  // 9 for packages, and the set: nothing of the burst.
  CHECK(server.ask("DBSIZE") == ":10\r\n");
}

TEST_CASE("a burst ends with its outcomes below the line, and leaves no keys") {
  const ValkeyServer server;
  Demo demo(few_packages);
  demo.options().url = server.url();
  demo.options().burst_calls = 50'000;

  const auto outcome = demo.run();

  CAPTURE(outcome.output);
  CHECK(outcome.exit_status == 0);
  CHECK(outcome.output.find("\nburst    the line is drawn at 4.0 MiB") != std::string::npos);
  CHECK(outcome.output.find(" rejected_by_limit, in ") != std::string::npos);
  CHECK(outcome.output.find(" reads of 256 KiB, all at once: 500 done, in ") != std::string::npos);
  CHECK(outcome.output.find(" who wait for room: 50,000 done (") != std::string::npos);
  CHECK(server.ask("DBSIZE") == ":0\r\n");
}

TEST_CASE("a server that dies ends the run with the reason") {
  ValkeyServer server;
  Demo demo(endless_chain());
  demo.options().url = server.url();
  std::thread killer([&] {
    wait_for_keys(server);
    server.kill();
  });

  const auto outcome = demo.run();
  killer.join();

  CAPTURE(outcome.output);
  CHECK(outcome.exit_status == 1);
  CHECK(outcome.last_line().starts_with("demo: stopped: "));
  CHECK(outcome.last_line().ends_with(" checked, 0 wrong\n"));
}

TEST_CASE("a signal ends the run, and the keys are still deleted") {
  const ValkeyServer server;
  Demo demo(endless_chain());
  demo.options().url = server.url();
  std::thread interrupter([&] {
    wait_for_keys(server);
    ::kill(::getpid(), SIGINT);
  });

  const auto outcome = demo.run();
  interrupter.join();

  CAPTURE(outcome.output);
  CHECK(outcome.exit_status == 130);
  CHECK(outcome.last_line().starts_with("demo: stopped: interrupted; "));
  CHECK(server.ask("DBSIZE") == ":0\r\n");
}

TEST_CASE("a run that cannot begin says why") {
  Demo no_file("");
  no_file.options().status = "/nowhere/status";
  CHECK(no_file.run().exit_status == 1);
  CHECK(no_file.run().last_line() == "demo: /nowhere/status: No such file or directory\n");

  Demo no_server(few_packages);
  no_server.options().url = "unix:///nowhere/socket";
  const auto outcome = no_server.run();
  CHECK(outcome.exit_status == 1);
  CHECK(outcome.last_line().starts_with("demo: connect_failed: "));

  Demo bad_url(few_packages);
  bad_url.options().url = "http://127.0.0.1";
  CHECK(bad_url.run().last_line().starts_with("demo: invalid_option: url: "));
}

}  // namespace
}  // namespace plimsoll::demo::run_test
