#include "plimsoll/native/bridge/shared_upstream.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

// What the bridge's own clients of an upstream are made of.

namespace plimsoll::testing::shared_upstream_test {
namespace {

using bridge::Limits;
using bridge::to_shared_server;
using bridge::Upstream;

constexpr std::uint64_t mib = std::uint64_t{1024} * 1024;

Upstream at(const std::string& host) {
  Upstream upstream;
  upstream.name = "main";
  upstream.endpoint.host = host;
  upstream.shares_connections = true;
  return upstream;
}

Upstream cluster_of(std::vector<std::string> seeds) {
  Upstream upstream = at("one");
  upstream.is_cluster = true;
  upstream.seeds = std::move(seeds);
  return upstream;
}

TEST_CASE("the clients of a shared upstream have its settings and the bridge's limits") {
  Upstream upstream = cluster_of({"two:7000"});
  upstream.tls.enabled = true;
  upstream.tls.server_name = "valkey";
  upstream.request_timeout = std::chrono::seconds(2);
  upstream.blocking_connections_max = 3;
  Limits limits;
  limits.connect_timeout = std::chrono::seconds(1);
  const bridge::SharedServer server = to_shared_server(upstream, limits);
  CHECK(server.name == "main");
  CHECK(server.url == "valkey://one:6379");
  CHECK(server.options.topology == TopologyChoice::cluster);
  CHECK(server.options.seeds == std::vector<std::string>{"two:7000"});
  CHECK(server.options.tls.enabled);
  CHECK(server.options.tls.server_name == "valkey");
  CHECK(server.options.request_timeout == std::chrono::seconds(2));
  CHECK(server.options.connect_timeout == std::chrono::seconds(1));
  CHECK(server.options.blocking_connections_max == 3);
  CHECK(to_shared_server(upstream, limits, 2).options.blocking_connections_max == 1);
  CHECK(server.options.client_name == "plimsoll-bridge");
  CHECK(server.options.username.empty());
  CHECK(server.options.password.empty());
  CHECK_FALSE(server.options.client_side_cache);
  CHECK(bridge::validate(server));
}

TEST_CASE("a shared upstream that is one server stays one, whatever it says of itself") {
  CHECK(to_shared_server(at("h"), {}).options.topology == TopologyChoice::standalone);
}

TEST_CASE("each address of an upstream is one that the client takes") {
  CHECK(to_shared_server(at("::1"), {}).url == "valkey://[::1]:6379");
  CHECK(bridge::validate(to_shared_server(at("::1"), {})));
  Upstream socket = at("");
  socket.endpoint.kind = native::Endpoint::Kind::unix_socket;
  socket.endpoint.path = "/run/valkey.sock";
  CHECK(to_shared_server(socket, {}).url == "unix:///run/valkey.sock");
  CHECK(bridge::validate(to_shared_server(socket, {})));
}

TEST_CASE("a reply may have an eighth of the memory limit, and never more than the library takes") {
  Limits limits;
  limits.memory_limit = 256 * mib;
  CHECK(to_shared_server(at("h"), limits).options.reply_bytes_max == 32 * mib);
  limits.memory_limit = 16 * mib;
  CHECK(to_shared_server(at("h"), limits).options.reply_bytes_max == 2 * mib);
  limits.memory_limit = 1024 * 1024 * mib;
  CHECK(to_shared_server(at("h"), limits).options.reply_bytes_max ==
        native::Options().reply_bytes_max);
}

TEST_CASE("as many blocking connections are valid as the configuration lets an upstream have") {
  const auto valid = [](Upstream upstream, std::uint32_t blocking_max) {
    upstream.blocking_connections_max = blocking_max;
    return bridge::validate(to_shared_server(upstream, {})).has_value();
  };
  CHECK(valid(at("h"), 46));
  CHECK_FALSE(valid(at("h"), 47));
  CHECK(valid(cluster_of({}), 46));
  CHECK_FALSE(valid(cluster_of({}), 47));
}

TEST_CASE("an option that the client would refuse is refused before it connects") {
  Upstream upstream = at("h");
  upstream.tls.ca_file = "ca.pem";
  const auto valid = bridge::validate(to_shared_server(upstream, {}));
  REQUIRE_FALSE(valid);
  CHECK(valid.error().code() == ErrorCode::invalid_option);
  CHECK(valid.error().text().find("tls.ca_file is given") != std::string_view::npos);
}

TEST_CASE("a cache has the settings of its table") {
  const auto options = bridge::to_cache_options({.size = 3 * 1024 + 1023,
                                                 .eviction_policy = cache::EvictionPolicy::lfu,
                                                 .coherence_lease = std::chrono::seconds(2),
                                                 .server_ttl_cap = true});
  CHECK(options.max_cache_kb == 3);
  CHECK(options.eviction_policy == cache::EvictionPolicy::lfu);
  CHECK(options.coherence_lease == std::chrono::seconds(2));
  CHECK(options.server_ttl_cap);
  CHECK(options.enable_metrics);
  CHECK(native::validate(options));
  const native::ClientSideCacheOptions defaults;
  CHECK(bridge::UpstreamCache().coherence_lease == defaults.coherence_lease);
  CHECK(bridge::UpstreamCache().eviction_policy == defaults.eviction_policy);
  CHECK(bridge::UpstreamCache().server_ttl_cap == defaults.server_ttl_cap);
}

}  // namespace
}  // namespace plimsoll::testing::shared_upstream_test
