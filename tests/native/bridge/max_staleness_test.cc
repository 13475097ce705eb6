// How old a cache's values may be, as the address of a WebSocket, or a header, says.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::max_staleness_test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view refusal = "max_staleness_ms has to be one number of 1 to 3600000";

TEST_CASE("it is a number within bounds, said once") {
  BridgeOptions options;
  options.settings.limits.upgrades_per_second_per_address = 1000;
  BridgeWorld world(std::move(options));
  const auto status_of = [&world](const std::string& query, const Headers& headers = {}) {
    INFO(query);
    return status_of_upgrade(world.port(), headers, "/main?" + query);
  };
  for (const char* good :
       {"", "&", "max_staleness_ms=1", "max_staleness_ms=3600000", "other=x&max_staleness_ms=250",
        "max_staleness_ms=0250&other", "max_staleness=x", "a=max_staleness_ms=x"}) {
    CHECK(status_of(good) == 101);
  }
  for (const char* bad : {"max_staleness_ms=", "max_staleness_ms=0", "max_staleness_ms=3600001",
                          "max_staleness_ms=-1", "max_staleness_ms=1s", "max_staleness_ms=1.5",
                          "max_staleness_ms=%31", "max_staleness_ms=18446744073709551617",
                          "max_staleness_ms=1&max_staleness_ms=1", "x&max_staleness_ms=x"}) {
    CHECK(status_of(bad) == 400);
  }
  const std::string header = "Plimsoll-Max-Staleness-Ms";
  CHECK(status_of("", {{header, "250"}}) == 101);
  CHECK(status_of("", {{header, "0"}}) == 400);
  CHECK(status_of("max_staleness_ms=1", {{header, "1"}}) == 400);
  CHECK(world.log().find(refusal) != std::string::npos);
}

TEST_CASE("a client without a token does not get so far") {
  BridgeWorld world;
  CHECK(status_of_upgrade(world.port(), {{"Authorization", ""}}, "/?max_staleness_ms=soon") == 401);
}

std::uint64_t calls_of(const ValkeyServer& server, const std::string& command) {
  const std::string all = server.ask("INFO commandstats");
  const std::string words = "cmdstat_" + command + ":calls=";
  const auto at = all.find(words);
  return at == std::string::npos ? 0 : std::stoull(all.substr(at + words.size()));
}

// An upstream with a cache, whose PINGs are only those that ask for a proof.
BridgeOptions with_cache(const ValkeyServer& server) {
  native::ClientSideCacheOptions cache;
  cache.max_cache_kb = 1024;
  cache.coherence_lease = 1h;
  native::Options options = patient_options();
  options.topology = TopologyChoice::standalone;
  options.health_check_interval = 1h;
  options.client_side_cache = native::ClientSideCache::create(cache).value();
  bridge::SharedServer shared{.name = "main", .url = server.url(), .options = std::move(options)};
  BridgeOptions all;
  all.settings.rules.upstreams["main"].shared =
      std::make_shared<const bridge::SharedServer>(std::move(shared));
  return all;
}

class Reader {
 public:
  Reader(const BridgeWorld& world, std::string_view target)
      : client_(world.port(), "resp", good_token, target) {
    client_.send("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
    client_.receive();
  }
  std::string get() {
    client_.send("*2\r\n$3\r\nGET\r\n$4\r\nship\r\n");
    return client_.receive();
  }

 private:
  WebSocketClient client_;
};

TEST_CASE("a WebSocket that wants newer values makes the bridge ask for a proof") {
  const ValkeyServer server;
  const BridgeWorld world(with_cache(server));
  server.ask("SET ship Daphne");
  Reader any(world, "/main");
  Reader patient(world, "/main?max_staleness_ms=3600000");
  Reader strict(world, "/main?max_staleness_ms=1");
  CHECK(any.get() == "$6\r\nDaphne\r\n");
  const std::uint64_t gets = calls_of(server, "get");
  const std::uint64_t pings = calls_of(server, "ping");
  CHECK(any.get() == "$6\r\nDaphne\r\n");
  CHECK(patient.get() == "$6\r\nDaphne\r\n");
  CHECK(calls_of(server, "ping") == pings);
  // Sooner or later a read comes more than a millisecond after the last proof.
  CHECK(eventually([&] {
    CHECK(strict.get() == "$6\r\nDaphne\r\n");
    return calls_of(server, "ping") > pings;
  }));
  CHECK(calls_of(server, "get") == gets);
}

}  // namespace
}  // namespace plimsoll::testing::max_staleness_test
