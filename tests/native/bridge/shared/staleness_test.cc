// How old the values may be that a session takes from the cache.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/bridge/shared/session_peer.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::staleness_test {
namespace {

using namespace std::chrono_literals;

// PINGs are only those that ask for a proof.
native::Options cached_options() {
  native::ClientSideCacheOptions cache;
  cache.max_cache_kb = 1024;
  cache.coherence_lease = 1h;
  native::Options options = patient_options();
  options.topology = TopologyChoice::standalone;
  options.health_check_interval = 1h;
  options.client_side_cache = native::ClientSideCache::create(cache).value();
  return options;
}

std::uint64_t calls_of(const ValkeyServer& server, const std::string& command) {
  const std::string all = server.ask("INFO commandstats");
  const std::string words = "cmdstat_" + command + ":calls=";
  const auto at = all.find(words);
  return at == std::string::npos ? 0 : std::stoull(all.substr(at + words.size()));
}

TEST_CASE("a session's reads are proved to be as new as it wants, by one question for all") {
  const ValkeyServer server;
  SharedWorld world(server.url(), cached_options());
  const std::string read = resp("GET", "ship");
  const auto open = [&world](native::Staleness max_staleness) {
    auto peer = std::make_unique<SessionPeer>(world, max_staleness);
    peer->exchange(resp("HELLO", "3"));
    return peer;
  };
  const auto patient = open(native::any_staleness);
  const auto strict = open(0ns);
  patient->exchange(resp("SET", "ship", "Great Eastern"));
  patient->exchange(read);
  const std::uint64_t gets = calls_of(server, "get");
  const std::uint64_t pings = calls_of(server, "ping");
  CHECK(patient->exchange(read) == "$13\r\nGreat Eastern\r\n");
  CHECK(calls_of(server, "ping") == pings);
  CHECK(strict->exchange(read + read + read) ==
        "$13\r\nGreat Eastern\r\n$13\r\nGreat Eastern\r\n$13\r\nGreat Eastern\r\n");
  CHECK(calls_of(server, "ping") == pings + 1);
  CHECK(calls_of(server, "get") == gets);
}

TEST_CASE("a session whose wish is met already asks nobody") {
  const ValkeyServer server;
  SharedWorld world(server.url(), cached_options());
  SessionPeer peer(world, 1h);
  peer.exchange(resp("HELLO", "3") + resp("SET", "ship", "Great Eastern"));
  peer.exchange(resp("GET", "ship"));
  const std::uint64_t gets = calls_of(server, "get");
  const std::uint64_t pings = calls_of(server, "ping");
  CHECK(peer.exchange(resp("GET", "ship")) == "$13\r\nGreat Eastern\r\n");
  CHECK(calls_of(server, "get") == gets);
  CHECK(calls_of(server, "ping") == pings);
}

TEST_CASE("with server_ttl_cap no value is served for longer than the server keeps its key") {
  // This server notices by itself of no key that it has expired, as one with very many may for
  // long.
  const ValkeyServer server({.arguments = {"--enable-debug-command", "yes"}});
  server.ask("DEBUG SET-ACTIVE-EXPIRE 0");
  native::ClientSideCacheOptions cache;
  cache.max_cache_kb = 1024;
  cache.server_ttl_cap = true;
  native::Options options = cached_options();
  options.client_side_cache = native::ClientSideCache::create(cache).value();
  SharedWorld world(server.url(), options);
  SessionPeer peer(world, 1h);
  peer.exchange(resp("HELLO", "3") + resp("SET", "stays", "1"));
  CHECK(peer.exchange(resp("SET", "goes", "1", "PX", "300") + resp("GET", "goes")) ==
        "+OK\r\n$1\r\n1\r\n");
  CHECK(peer.exchange(resp("GET", "stays")) == "$1\r\n1\r\n");
  // How often the server is asked for it meanwhile is open: the entry ends up to a millisecond
  // before the key does.
  CHECK(eventually([&] { return peer.exchange(resp("GET", "goes")) == "_\r\n"; }));
  const std::uint64_t gets = calls_of(server, "get");
  // The other one is served from the cache still.
  CHECK(peer.exchange(resp("GET", "stays")) == "$1\r\n1\r\n");
  CHECK(calls_of(server, "get") == gets);
}

TEST_CASE("without a cache every read asks the server, whatever the session wants") {
  const ValkeyServer server;
  native::Options options = cached_options();
  options.client_side_cache = nullptr;
  SharedWorld world(server.url(), options);
  SessionPeer peer(world, 1h);
  peer.exchange(resp("HELLO", "3"));
  const std::uint64_t gets = calls_of(server, "get");
  CHECK(peer.exchange(resp("GET", "ship") + resp("GET", "ship")) == "_\r\n_\r\n");
  CHECK(calls_of(server, "get") == gets + 2);
}

}  // namespace
}  // namespace plimsoll::testing::staleness_test
