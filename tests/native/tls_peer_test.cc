#include "plimsoll/tests/native/tls_peer.h"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"
#include "plimsoll/tests/native/tls_world.h"

// What a server may do within TLS that valkey-server does not.

namespace plimsoll::testing::tls_peer_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Error;
using native::Options;
using namespace std::chrono_literals;
using Version = TlsPeer::Version;

// A client, and the server's side of its connection.
struct Pair {
  explicit Pair(Version version = Version::tls_1_3) : Pair(version, {}) {}
  Pair(Version version, const ConnectionLog& log) {
    Options options = trusting(shared_authority());
    log.listen(options);
    auto connecting = native::connect("valkeys://" + listener.address(), options, use_future);
    peer.emplace(listener.accept(), files, version);
    client = value_of(std::move(connecting));
  }

  const CertificateFiles files = shared_authority().issue("peer");
  Listener listener;
  std::optional<TlsPeer> peer;
  Client client;
};

TEST_CASE("a reply may come in records of a byte, and many replies in one record") {
  Pair pair(GENERATE(Version::tls_1_2, Version::tls_1_3));
  auto first = pair.client.get("k", use_future);
  pair.peer->receive_until("k\r\n");
  for (const char c : std::string("$5\r\nvalue\r\n")) pair.peer->send(std::string(1, c));
  CHECK(value_of(std::move(first)) == "value");
  std::vector<std::future<native::Result<std::string>>> pings;
  for (int i = 0; i < 100; ++i) pings.push_back(pair.client.ping(use_future));
  auto last = pair.client.get("last", use_future);
  pair.peer->receive_until("last\r\n");
  std::string replies;
  for (int i = 0; i < 100; ++i) replies += "+PONG\r\n";
  pair.peer->send(replies + "_\r\n");
  for (auto& ping : pings) CHECK(value_of(std::move(ping)) == "PONG");
  CHECK_FALSE(value_of(std::move(last)));
}

TEST_CASE("a server may ask for new keys at any time: nobody notices") {
  Pair pair;
  for (int i = 0; i < 50; ++i) {
    auto call = pair.client.get("k", use_future);
    pair.peer->receive_until("k\r\n");
    pair.peer->ask_for_keys();
    pair.peer->send("$2\r\n");
    pair.peer->ask_for_keys();
    pair.peer->send("ok\r\n");
    CHECK(value_of(std::move(call)) == "ok");
  }
}

TEST_CASE("a server of TLS 1.2 that wants to shake hands anew is not obeyed, and goes on") {
  Pair pair(Version::tls_1_2);
  auto call = pair.client.get("k", use_future);
  pair.peer->receive_until("k\r\n");
  pair.peer->ask_for_keys();
  pair.peer->send("$2\r\nok\r\n");
  CHECK(value_of(std::move(call)) == "ok");
}

TEST_CASE("a server that ends TLS in order, in the middle of a reply or not, is lost") {
  const std::string before = GENERATE("", "$5\r\nval");
  const bool orderly = GENERATE(true, false);
  ConnectionLog log;
  Pair pair(GENERATE(Version::tls_1_2, Version::tls_1_3), log);
  auto call = pair.client.get("k", use_future);
  pair.peer->receive_until("k\r\n");
  if (!before.empty()) pair.peer->send(before);
  orderly ? pair.peer->close() : pair.peer->cut();
  const Error error = error_of(std::move(call));
  CHECK(error.code() == ErrorCode::lost_in_doubt);
  CHECK(log.last_error()->code() == ErrorCode::connection_lost);
  CHECK_THAT(log.last_error()->what(), ContainsSubstring("the server closed the connection"));
}

TEST_CASE("replies that came before the end are delivered, however it comes") {
  const bool orderly = GENERATE(true, false);
  Pair pair;
  auto first = pair.client.get("k", use_future);
  auto second = pair.client.get("l", use_future);
  pair.peer->receive_until("l\r\n");
  pair.peer->send("$2\r\nok\r\n$2\r\n");
  orderly ? pair.peer->close() : pair.peer->cut();
  CHECK(value_of(std::move(first)) == "ok");
  CHECK(error_of(std::move(second)).code() == ErrorCode::lost_in_doubt);
}

TEST_CASE("garbage in the middle of TLS ends the connection, and another one is made") {
  ConnectionLog log;
  Pair pair(GENERATE(Version::tls_1_2, Version::tls_1_3), log);
  auto call = pair.client.get("k", use_future);
  pair.peer->receive_until("k\r\n");
  pair.peer->raw().send(GENERATE(std::string("+OK\r\n"),
                                 std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x')));
  CHECK(error_of(std::move(call)).code() == ErrorCode::lost_in_doubt);
  auto waiting = pair.client.get("k", use_future);
  TlsPeer next(pair.listener.accept(), pair.files);
  next.receive_until("k\r\n");
  next.send("_\r\n");
  CHECK_FALSE(value_of(std::move(waiting)));
  CHECK(log.story() == "connected disconnected connected");
  CHECK(log.last_error()->code() == ErrorCode::tls_failed);
}

TEST_CASE("a client that ends says so to the server") {
  Pair pair(GENERATE(Version::tls_1_2, Version::tls_1_3));
  SECTION("in order") { value_of(pair.client.close(use_future)); }
  SECTION("at once") { pair.client = Client(); }
  CHECK(pair.peer->receive_goodbye());
}

}  // namespace
}  // namespace plimsoll::testing::tls_peer_test
