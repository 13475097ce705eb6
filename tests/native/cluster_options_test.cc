#include <cstdint>
#include <string>
#include <utility>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/native/driver/core_options.h"
#include "plimsoll/tests/native/connected.h"

// What does not go with a cluster, each with its text. No server is asked.

namespace plimsoll::testing::cluster_options_test {
namespace {

using boost::asio::use_future;
using native::Options;
using native::ReadFrom;

constexpr const char* cluster = "valkey+cluster://127.0.0.1:1";

std::string refusal(Options options, const std::string& url = cluster) {
  const native::Error error = error_of(native::connect(url, std::move(options), use_future));
  CHECK(error.code() == ErrorCode::invalid_option);
  CHECK(error.executed() == Executed::no);
  return error.what();
}

bool is_valid(Options options, const std::string& url = cluster) {
  const auto target = native::parse_url(url, std::move(options));
  return target && native::validate(*target);
}

TEST_CASE("a cluster has no database but 0, wherever another one is said") {
  Options options;
  options.database = 3;
  CHECK(refusal(options) ==
        "invalid_option: database is not 0, and the address is that of a cluster; expected 0 as "
        "database");
  CHECK(refusal({}, "valkey+cluster://127.0.0.1:1/3") ==
        "invalid_option: url: database is \"3\"; expected 0, the only one of a cluster");
  CHECK(is_valid(options, "valkey+cluster://127.0.0.1:1/0"));
  CHECK(is_valid({}));
}

TEST_CASE("a cluster does not go with a cache that has broadcast_prefixes") {
  native::ClientSideCacheOptions wanted;
  wanted.max_cache_kb = 64;
  wanted.broadcast_prefixes = {"ship:"};
  Options options;
  options.client_side_cache = native::ClientSideCache::create(wanted).value();
  const std::string text =
      "invalid_option: the client_side_cache has broadcast_prefixes, and the server is a node of a "
      "cluster; expected a client_side_cache without broadcast_prefixes";
  CHECK(refusal(options) == text);
  options.topology = TopologyChoice::cluster;
  CHECK(refusal(options, "valkey://127.0.0.1:1") == text);
}

TEST_CASE("what replicas of a cluster answer may be cached") {
  Options options;
  options.read_from = ReadFrom::prefer_replica;
  CHECK(is_valid(options));
  native::ClientSideCacheOptions wanted;
  wanted.max_cache_kb = 64;
  options.client_side_cache = native::ClientSideCache::create(wanted).value();
  CHECK(is_valid(options));
}

TEST_CASE("redirects_max has bounds, unless there can be no cluster") {
  Options options;
  options.redirects_max = GENERATE(std::uint8_t{0}, std::uint8_t{32}, std::uint8_t{255});
  CHECK(refusal(options) == "invalid_option: redirects_max is out of range; expected 1 to 31");
  CHECK(refusal(options, "valkey://127.0.0.1:1") ==
        "invalid_option: redirects_max is out of range; expected 1 to 31");
  CHECK(is_valid(options, "valkey+sentinel://127.0.0.1:1/fleet"));
  options.topology = TopologyChoice::standalone;
  CHECK(is_valid(options, "valkey://127.0.0.1:1"));
  options.topology = TopologyChoice::automatic;
  for (const std::uint8_t bound : {1, 31}) {
    options.redirects_max = bound;
    CHECK(is_valid(options));
  }
}

TEST_CASE("the connections to primaries are none of those for other uses") {
  Options options;
  options.blocking_connections_max = 31;
  options.subscriptions_max = 32;
  CHECK(is_valid(options));
  options.subscriptions_max = 33;
  CHECK(refusal(options).starts_with("invalid_option: blocking_connections_max and "));
}

TEST_CASE("options of sentinels, of a bridge and of TLS are refused with a cluster") {
  Options of_sentinels;
  of_sentinels.sentinel_password = "hush";
  CHECK(refusal(of_sentinels) ==
        "invalid_option: an option for sentinels is given, and the address names none; expected "
        "valkey+sentinel://, or no sentinel_username, sentinel_password and sentinel_tls");
  Options of_a_bridge;
  of_a_bridge.token = "hush";
  CHECK(refusal(of_a_bridge) ==
        "invalid_option: there is a token, and the address is that of a server; expected username "
        "and password; ws:// or wss:// for a bridge");
  Options of_tls;
  of_tls.tls.server_name = "db.example.org";
  CHECK(refusal(of_tls) ==
        "invalid_option: tls.server_name is given, and the address valkey+cluster://127.0.0.1:1 is "
        "without TLS; expected valkeys+cluster:// or rediss+cluster://");
  CHECK(is_valid(of_tls, "valkeys+cluster://127.0.0.1:1"));
}

}  // namespace
}  // namespace plimsoll::testing::cluster_options_test
