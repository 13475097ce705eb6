#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/valkey_server.h"

// A real server that is paused, not there, or asks who comes: one a test. Servers that go away and
// come back are in the tests named reconnect_*.

namespace plimsoll::testing::trouble_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;
using namespace std::chrono_literals;

TEST_CASE("requests to a server that is paused time out, and later ones are in step") {
  ValkeyServer server;
  Options options = patient_options();
  options.request_timeout = test_timeout(100ms);
  Client client = connected(server.url(), options);
  server.pause();
  std::vector<std::future<native::Result<void>>> calls;
  for (int i = 0; i < 20; ++i) calls.push_back(client.set("k", std::to_string(i), use_future));
  for (auto& call : calls) {
    const native::Error error = error_of(std::move(call));
    CHECK(error.code() == ErrorCode::timed_out);
    CHECK(error.executed() == Executed::maybe);
  }
  server.resume();
  CHECK(eventually([&] { return client.statistics().client.in_flight == 0; }));
  CHECK(value_of(client.get("k", use_future)) == "19");
}

TEST_CASE(
    "a password opens the door, by url and by options, and a wrong one shows the server's text") {
  ValkeyServer server(
      {.listen = Listen::unix_socket_and_tcp, .arguments = {"--requirepass", "se cret"}});
  const std::string place = "127.0.0.1:" + std::to_string(server.port());
  Client by_url = connected("valkey://:se%20cret@" + place);
  CHECK(value_of(by_url.ping(use_future)) == "PONG");

  Options options = patient_options();
  options.password = "se cret";
  options.client_name = "ship";
  Client by_options = connected(server.url(), options);
  CHECK(value_of(by_options.command<std::string>({"CLIENT", "GETNAME"}, use_future)) == "ship");

  options.password = "wrong";
  const native::Error wrong = error_of(native::connect(server.url(), options, use_future));
  CHECK(wrong.code() == ErrorCode::authentication_failed);
  CHECK(wrong.server_code() == "WRONGPASS");
  const native::Error none = error_of(native::connect(server.url(), patient_options(), use_future));
  CHECK(none.code() == ErrorCode::authentication_failed);
  CHECK(none.server_code() == "NOAUTH");
}

TEST_CASE("a database can be chosen, and one that is not there shows the server's text") {
  ValkeyServer server;
  Client three = connected(server.url() + "?database=3");
  value_of(three.set("k", "3", use_future));
  Client zero = connected(server.url());
  CHECK(value_of(zero.exists("k", use_future)) == 0);
  const native::Error error =
      error_of(native::connect(server.url() + "?database=99", patient_options(), use_future));
  CHECK(error.code() == ErrorCode::unknown_database);
  CHECK(error.server_text() == "ERR DB index is out of range");
}

TEST_CASE("nobody there is an error with what the system said, within connect_timeout") {
  Options options = patient_options();
  options.connect_timeout = test_timeout(100ms);
  const native::Error tcp = error_of(native::connect("valkey://127.0.0.1:1", options, use_future));
  CHECK(tcp.code() == ErrorCode::connect_failed);
  CHECK_THAT(tcp.what(), ContainsSubstring("127.0.0.1:1: Connection refused"));
  const native::Error name =
      error_of(native::connect("valkey://no-such-host.invalid", options, use_future));
  CHECK(name.code() == ErrorCode::connect_failed);
  const native::Error unix =
      error_of(native::connect("unix:///no/such/socket", options, use_future));
  CHECK(unix.code() == ErrorCode::connect_failed);
  CHECK_THAT(unix.what(), ContainsSubstring("No such file or directory"));
}

TEST_CASE("errors of the server, refused commands and limits are told apart") {
  ValkeyServer server;
  Options options = patient_options();
  options.inflight_requests_limit = 3;
  options.inflight_overflow = native::OnLimit::reject;
  Client client = connected(server.url(), options);
  value_of(client.set("k", "v", use_future));
  CHECK(error_of(client.sadd("k", "m", use_future)).server_code() == "WRONGTYPE");
  for (const char* name : {"SUBSCRIBE", "multi", "SELECT", "MONITOR", "RESET", "AUTH"}) {
    const native::Error error = error_of(client.command({name, "x"}, use_future));
    CHECK(error.code() == ErrorCode::refused_command);
    CHECK(error.executed() == Executed::no);
  }
  server.pause();
  std::vector<std::future<native::Result<std::string>>> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(client.ping(use_future));
  const native::Error over = error_of(std::move(calls.back()));
  CHECK(over.code() == ErrorCode::rejected_by_limit);
  CHECK_THAT(over.what(), ContainsSubstring("inflight_requests_limit"));
  calls.pop_back();
  server.resume();
  for (auto& call : calls) CHECK(value_of(std::move(call)) == "PONG");
}

TEST_CASE("close waits for the replies that are owed") {
  ValkeyServer server;
  Client client = connected(server.url());
  server.pause();
  auto call = client.incr("n", use_future);
  auto closed = client.close(use_future);
  CHECK(error_of(client.ping(use_future)).code() == ErrorCode::closed);
  server.resume();
  CHECK(value_of(std::move(call)) == 1);
  CHECK(finish(std::move(closed)));
}

TEST_CASE("a client that is destroyed ends what is in flight") {
  ValkeyServer server;
  std::vector<std::future<native::Result<std::string>>> calls;
  {
    Client client = connected(server.url());
    server.pause();
    for (int i = 0; i < 100; ++i) calls.push_back(client.ping(use_future));
  }
  for (auto& call : calls) {
    const native::Error error = error_of(std::move(call));
    CHECK((error.code() == ErrorCode::lost_in_doubt || error.code() == ErrorCode::lost_unsent));
  }
}

}  // namespace
}  // namespace plimsoll::testing::trouble_test
