#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/native/increments.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/stalled_peer.h"
#include "plimsoll/tests/native/tls_world.h"
#include "plimsoll/tests/support/fault_proxy.h"

// A client and a real server over TLS: it serves as it does without.

namespace plimsoll::testing::tls_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;
using native::TlsOptions;
using namespace std::chrono_literals;

SessionCounters counters(const Client& client) { return client.statistics().client.counters; }

TEST_CASE("a client speaks TLS where the address says so, by name and by address") {
  const std::string host = GENERATE("127.0.0.1", "localhost");
  Client client = connected(shared_tls_server().url_of(host), trusting(shared_authority()));
  value_of(client.set("ship", "Great Eastern", use_future));
  CHECK(value_of(client.get("ship", use_future)) == "Great Eastern");
}

TEST_CASE("rediss is the same as valkeys, and options may ask for TLS without either") {
  const std::string scheme = GENERATE("rediss", "valkey");
  Options options = trusting(shared_authority());
  options.tls.enabled = scheme == "valkey";
  const std::string address = "://127.0.0.1:" + std::to_string(shared_tls_server().port());
  CHECK(value_of(connected(scheme + address, options).ping(use_future)) == "PONG");
}

TEST_CASE("either version of TLS serves") {
  const std::string version = GENERATE("TLSv1.2", "TLSv1.3");
  TlsServer server(shared_authority(), {}, {"--tls-protocols", version});
  Client client = connected(server.url(), trusting(shared_authority()));
  CHECK(value_of(client.ping(use_future)) == "PONG");
}

TEST_CASE("values of all sizes come back as they went, over TLS") {
  Client client = connected(shared_tls_server().url(), trusting(shared_authority()));
  for (const std::size_t size :
       {0u, 1u, 16'383u, 16'384u, 16'385u, 65'536u, 1'000'003u, 12'000'000u}) {
    std::string value(size, '\0');
    for (std::size_t i = 0; i < size; ++i) value[i] = static_cast<char>(i * 7 + i / 251);
    value_of(client.set("value", value, use_future));
    CHECK(value_of(client.get("value", use_future)) == value);
  }
}

TEST_CASE("thousands of calls share a TLS connection, answered in their order") {
  Options options = trusting(shared_authority());
  options.inflight_requests_limit = 20'000;
  Client client = connected(shared_tls_server().url(), options);
  std::vector<std::future<native::Result<native::Reply>>> calls;
  for (int i = 0; i < 10'000; ++i) {
    calls.push_back(client.command({"ECHO", std::to_string(i)}, use_future));
  }
  for (int i = 0; i < 10'000; ++i) {
    const native::Reply reply = value_of(std::move(calls[static_cast<std::size_t>(i)]));
    CHECK(reply.value().as_bytes()->view() == std::to_string(i));
  }
  CHECK(counters(client).connections == 1);
}

TEST_CASE("large values go both ways at once over TLS, when the system takes little at a time") {
  Client client = connected(shared_tls_server().url(), trusting(shared_authority()));
  const std::string megabyte(1 << 20, 'x');
  value_of(client.set("large", megabyte, use_future));
  std::vector<std::future<native::Result<void>>> sets;
  std::vector<std::future<native::Result<std::optional<std::string>>>> gets;
  for (int i = 0; i < 8; ++i) {
    sets.push_back(client.set("large", megabyte, use_future));
    gets.push_back(client.get("large", use_future));
  }
  for (auto& get : gets) CHECK(value_of(std::move(get))->size() == megabyte.size());
  for (auto& set : sets) value_of(std::move(set));
}

TEST_CASE("a TLS connection that is lost is replaced") {
  TlsServer server(shared_authority());
  ConnectionLog log;
  Options options = trusting(shared_authority());
  log.listen(options);
  Client client = connected(server.url(), options);
  SECTION("because the server closed it") { server.ask("CLIENT KILL TYPE normal"); }
  SECTION("because the server crashed") { server.restart(); }
  CHECK(eventually([&] { return log.story() == "connected disconnected connected"; }));
  CHECK(log.last_error()->code() == ErrorCode::connection_lost);
  CHECK(value_of(client.ping(use_future)) == "PONG");
}

TEST_CASE("a connection that replaces a lost one resumes its session: fewer bytes of handshake") {
  FaultProxy proxy(shared_tls_server().port());
  Client client = connected("valkeys://" + proxy.address(), trusting(shared_authority()));
  const std::uint64_t first = proxy.bytes(Direction::to_client);
  proxy.cut_all(Cut::reset);
  CHECK(eventually([&] { return counters(client).connections == 2; }));
  CHECK(value_of(client.ping(use_future)) == "PONG");
  // No certificate.
  CHECK(proxy.bytes(Direction::to_client) - first < first * 3 / 4);
}

TEST_CASE("a client that closes says so: the server sees an orderly end") {
  TlsServer server(shared_authority(), {}, {"--loglevel", "debug"});
  Client client = connected(server.url(), trusting(shared_authority()));
  value_of(client.close(use_future));
  CHECK(eventually([&] {
    return server.ask("INFO clients").find("connected_clients:1\r") != std::string::npos;
  }));
}

TEST_CASE("through a network that resets TLS connections again and again, each outcome is true") {
  FaultProxy proxy(shared_tls_server().port());
  Options options = trusting(shared_authority());
  options.reconnect_wait_max = 20ms;
  Increments work;
  Client client = connected("valkeys://" + proxy.address(), options);
  for (int round = 0; round < 15; ++round) {
    const std::size_t ended = work.ended();
    work.start(client, 200);
    CHECK(eventually([&] { return work.ended() > ended; }));
    proxy.cut_all(round % 2 == 0 ? Cut::reset : Cut::close);
  }
  CHECK(eventually([&] { return work.all_ended(); }));
  CHECK(work.broken_promises(client) == "");
  value_of(client.command({"FLUSHALL"}, use_future));
}

TEST_CASE("a TLS peer that reads nothing fills the buffers; when it goes on all is in step") {
  FaultProxy proxy(shared_tls_server().port());
  Options options = trusting(shared_authority());
  options.tombstone_age_max = 24h;
  options.tcp_user_timeout = 0ms;
  Client client = connected("valkeys://" + proxy.address(), options);
  check_stall(proxy, client);
}

}  // namespace
}  // namespace plimsoll::testing::tls_test
