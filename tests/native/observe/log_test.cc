#include "plimsoll/log.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/support/valkey_server.h"

// What the library has to say, and to whom.

namespace plimsoll::testing::log_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using native::LogRecord;
using native::Severity;

// Takes records while it lives. The hook is called one call at a time, so it needs no lock of its
// own; the reader does.
class Records {
 public:
  Records() {
    native::set_log_hook([this](const LogRecord& record) {
      const std::lock_guard lock(mutex_);
      std::string line(severity_text(record.severity));
      line.append(" ").append(record.event_name).append(" ").append(record.body);
      for (const native::LogAttribute& attribute : record.attributes) {
        line.append(" ").append(attribute.name).append("=").append(attribute.value);
      }
      lines_.push_back(std::move(line));
    });
  }
  ~Records() { native::set_log_hook(nullptr); }

  // Others may have something to say meanwhile, such as what was given back of a burst.
  std::vector<std::string> of(std::string_view event) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> lines;
    for (const std::string& line : lines_) {
      if (line.find(event) != line.npos) lines.push_back(line);
    }
    return lines;
  }
  std::size_t count(std::string_view event) { return of(event).size(); }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

TEST_CASE("a hook gets what is logged, with severity, event and attributes") {
  Records records;
  log(Severity::info, "plimsoll.test", "a sentence", {{.name = "n", .value = "v"}});
  CHECK(records.of("plimsoll.test") ==
        std::vector<std::string>{"INFO plimsoll.test a sentence n=v"});
}

TEST_CASE("hooks change while others log, and one that was replaced is called no more") {
  std::atomic<bool> over = false;
  std::thread other([&over] {
    while (!over) log(Severity::info, "plimsoll.test", "again");
  });
  for (int i = 0; i < 100; ++i) {
    auto alive = std::make_unique<std::atomic<int>>(0);
    native::set_log_hook([&alive](const LogRecord&) { ++*alive; });
    native::set_log_hook(nullptr);  // from here on `alive` may go
  }
  over = true;
  other.join();
}

TEST_CASE("a client that gives up to reconnect says so once, and why") {
  Records records;
  ValkeyServer server;
  native::Options options = patient_options();
  options.client_name = "orders";
  options.reconnect_attempts_max = 1;
  options.reconnect_wait_min = std::chrono::milliseconds(1);
  options.reconnect_wait_max = std::chrono::milliseconds(1);
  const native::Client client = connected(server.url(), options);
  server.kill();
  REQUIRE(eventually([&] { return records.count("plimsoll.client.gave_up") == 1; }));
  CHECK_THAT(
      records.of("plimsoll.client.gave_up").back(),
      ContainsSubstring("(orders) of unix:/") && ContainsSubstring(" has given up connecting: "));
}

TEST_CASE("a client that never was connected fails its connect(), and logs nothing") {
  Records records;
  native::Options options = patient_options();
  options.connect_timeout = std::chrono::milliseconds(10);
  static_cast<void>(
      finish(native::connect("unix:///there/is/no/server", options, boost::asio::use_future)));
  CHECK(records.of("plimsoll.client").empty());
}

TEST_CASE("credentials that a server refuses again and again are logged once a while") {
  Records records;
  ValkeyServer server;
  server.ask("ACL SETUSER jane on >right ~* +@all");
  native::Client client = connected(server.url());
  for (int i = 0; i < 5; ++i) client.set_credentials("jane", "wrong" + std::to_string(i));
  REQUIRE(eventually([&] { return records.count("plimsoll.client.credentials_refused") == 1; }));
  value_of(client.get("nothing", boost::asio::use_future));
  CHECK(records.count("plimsoll.client.credentials_refused") == 1);
  CHECK_THAT(records.of("plimsoll.client.credentials_refused").back(), !ContainsSubstring("wrong"));
}

}  // namespace
}  // namespace plimsoll::testing::log_test
