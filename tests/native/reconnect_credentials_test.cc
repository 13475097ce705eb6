#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/valkey_server.h"

// What will not heal: a server that comes back and does not know the client any more ends it, with
// a text that says what to do. And users who may do less than all.

namespace plimsoll::testing::reconnect_credentials_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;
using namespace std::chrono_literals;

// A client that lost its connection, with a call that waits, and what it says when the server has
// come back and refuses it.
struct Refused {
  Refused(ValkeyServer& server, const std::string& url, Options options) {
    log.listen(options);
    client = connected(url, options);
    server.kill();
    CHECK(eventually([&] { return log.story() == "connected disconnected"; }));
    waiting = client.incr("n", use_future);
  }

  ConnectionLog log;
  Client client;
  std::future<native::Result<std::int64_t>> waiting;
};

void check_refused(Refused refused, ErrorCode code, const std::string& words,
                   const std::string& what_to_do) {
  const native::Error lost = error_of(std::move(refused.waiting));
  CHECK(lost.code() == ErrorCode::lost_unsent);
  CHECK(lost.executed() == Executed::no);
  CHECK(eventually([&] { return refused.log.story() == "connected disconnected closed"; }));
  const native::Error why = refused.log.last_error().value();
  CHECK(why.code() == code);
  CHECK_THAT(std::string(why.server_text()), ContainsSubstring(words));
  CHECK_THAT(why.what(), ContainsSubstring(what_to_do));
  const native::Error closed = error_of(refused.client.ping(use_future));
  CHECK(closed.code() == ErrorCode::closed);
  CHECK_THAT(closed.what(), ContainsSubstring(words) && ContainsSubstring(what_to_do));
  CHECK(refused.client.statistics().client.state == Session::State::closed);
}

TEST_CASE("a password that the server did not have before closes the client") {
  ValkeyServer server;
  Refused refused(server, server.url(), patient_options());
  server.set_arguments({"--requirepass", "new"});
  server.restart();
  check_refused(std::move(refused), ErrorCode::authentication_failed, "NOAUTH",
                "password in the options or the address");
}

TEST_CASE("another password than before closes the client") {
  ValkeyServer server({.arguments = {"--requirepass", "old"}});
  Options options = patient_options();
  options.password = "old";
  Refused refused(server, server.url(), options);
  server.set_arguments({"--requirepass", "new"});
  server.restart();
  check_refused(std::move(refused), ErrorCode::authentication_failed, "WRONGPASS",
                "a user that is on in ACL LIST, with its password");
}

TEST_CASE("a database that is there no more closes the client") {
  ValkeyServer server;
  Refused refused(server, server.url() + "?database=5", patient_options());
  server.set_arguments({"--databases", "2"});
  server.restart();
  check_refused(std::move(refused), ErrorCode::unknown_database, "ERR DB index is out of range",
                "a number below `databases`");
}

TEST_CASE("a user who may not SELECT is refused a database, and served without one") {
  ValkeyServer server;
  server.ask("ACL SETUSER jane on >pw ~* +@all -select");
  Options options = patient_options();
  options.username = "jane";
  options.password = "pw";
  const native::Error error =
      error_of(native::connect(server.url() + "?database=3", options, use_future));
  CHECK(error.code() == ErrorCode::permission_denied);
  CHECK(error.server_code() == "NOPERM");
  CHECK_THAT(error.what(), ContainsSubstring("ACL rules that allow SELECT"));
  CHECK(value_of(connected(server.url(), options).ping(use_future)) == "PONG");
}

TEST_CASE("a user who may do hardly anything has a client, and the server's error for the rest") {
  ValkeyServer server;
  server.ask("ACL SETUSER jane on >pw ~mine:* +get");
  Options options = patient_options();
  options.username = "jane";
  options.password = "pw";
  Client client = connected(server.url(), options);
  CHECK_FALSE(value_of(client.get("mine:k", use_future)));
  for (auto* call : {"SET", "PING", "HGET"}) {
    const native::Error error = error_of(client.command({call, "mine:k", "v"}, use_future));
    CHECK(error.code() == ErrorCode::permission_denied);
    CHECK(error.server_code() == "NOPERM");
  }
  CHECK(error_of(client.get("yours:k", use_future)).server_code() == "NOPERM");
  CHECK(client.statistics().client.counters.connections == 1);
}

TEST_CASE("a user whose password is changed is closed when the connection is lost, not before") {
  ValkeyServer server;
  server.ask("ACL SETUSER jane on >pw ~* +@all");
  Options options = patient_options();
  options.username = "jane";
  options.password = "pw";
  ConnectionLog log;
  log.listen(options);
  Client client = connected(server.url(), options);
  server.ask("ACL SETUSER jane resetpass >other");
  CHECK(value_of(client.ping(use_future)) == "PONG");
  server.ask("CLIENT KILL TYPE normal");
  CHECK(eventually([&] { return log.story() == "connected disconnected closed"; }));
  CHECK(log.last_error()->code() == ErrorCode::authentication_failed);
}

TEST_CASE("a user who is deleted is closed at once") {
  ValkeyServer server;
  server.ask("ACL SETUSER jane on >pw ~* +@all");
  Options options = patient_options();
  options.username = "jane";
  options.password = "pw";
  ConnectionLog log;
  log.listen(options);
  const Client client = connected(server.url(), options);
  server.ask("ACL DELUSER jane");
  CHECK(eventually([&] { return log.story() == "connected disconnected closed"; }));
  CHECK(log.last_error()->server_code() == "WRONGPASS");
}

}  // namespace
}  // namespace plimsoll::testing::reconnect_credentials_test
