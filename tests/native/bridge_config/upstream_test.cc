#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/native/bridge/config/config_file.h"

// What a file says of an upstream whose connections are shared.

namespace plimsoll::testing::upstream_test {
namespace {

using bridge::Problems;
using bridge::Upstream;
using Lines = std::vector<std::string>;
using std::chrono::milliseconds;

struct Read {
  std::vector<Upstream> upstreams;
  Lines problems;
};

Read read(std::string_view table) {
  Problems problems;
  bridge::ConfigDraft draft =
      bridge::read_config_text("[upstreams.a]\n" + std::string(table), "b.toml", problems);
  return {std::move(draft.config.upstreams), problems.lines()};
}

Upstream upstream_of(std::string_view table) {
  Read all = read(table);
  CHECK(all.problems == Lines{});
  REQUIRE(all.upstreams.size() == 1);
  return all.upstreams.front();
}

// The problem of "[upstreams.a]" with these lines, which is its only one.
std::string problem_of(std::string_view table) {
  const Lines problems = read(table).problems;
  REQUIRE(problems.size() == 1);
  return problems.front();
}

constexpr std::string_view cluster = "url = \"valkey://h\"\ntopology = \"cluster\"\n";

std::string cluster_and(std::string_view more) { return std::string(cluster) + std::string(more); }

TEST_CASE(
    "an upstream is one server, with a connection for each client, unless the file says more") {
  const Upstream upstream = upstream_of("url = \"valkey://h\"\n");
  CHECK_FALSE(upstream.is_cluster);
  CHECK_FALSE(upstream.shares_connections);
  CHECK(upstream.seeds.empty());
  CHECK_FALSE(upstream.cache);
  const Upstream same =
      upstream_of("url = \"valkey://h\"\ntopology = \"standalone\"\nshare_connections = false\n");
  CHECK_FALSE(same.is_cluster);
  CHECK_FALSE(same.shares_connections);
}

TEST_CASE("a file says how connections are shared") {
  const Upstream upstream = upstream_of(R"(
    url = "valkeys://h"
    share_connections = true
    request_timeout = "250 ms"
    blocking_connections_max = 3
    [upstreams.a.cache]
    size = "32 MiB"
    eviction_policy = "lfu"
    coherence_lease = "2 s"
    server_ttl_cap = true
  )");
  CHECK_FALSE(upstream.is_cluster);
  CHECK(upstream.shares_connections);
  CHECK(upstream.request_timeout == milliseconds(250));
  CHECK(upstream.blocking_connections_max == 3);
  REQUIRE(upstream.cache);
  CHECK(upstream.cache->size == 32 * 1024 * 1024);
  CHECK(upstream.cache->eviction_policy == cache::EvictionPolicy::lfu);
  CHECK(upstream.cache->coherence_lease == std::chrono::seconds(2));
  CHECK(upstream.cache->server_ttl_cap);
}

TEST_CASE("what a shared upstream does not say has a default") {
  const Upstream upstream =
      upstream_of("url = \"unix:///s\"\nshare_connections = true\ncache.size = 4096\n");
  CHECK(upstream.request_timeout == std::chrono::seconds(5));
  CHECK(upstream.blocking_connections_max == 16);
  REQUIRE(upstream.cache);
  CHECK(upstream.cache->size == 4096);
  CHECK(upstream.cache->eviction_policy == cache::EvictionPolicy::lru);
  CHECK(upstream.cache->coherence_lease == std::chrono::seconds(10));
  CHECK_FALSE(upstream.cache->server_ttl_cap);
}

TEST_CASE("the nodes of a cluster stand in its url, in seeds, or in both") {
  const Upstream one = upstream_of(cluster_and("seeds = [\"i\", \"[::1]:7000\"]\n"));
  CHECK(one.is_cluster);
  CHECK(one.shares_connections);
  CHECK(one.endpoint.to_string() == "h:6379");
  CHECK(one.seeds == Lines{"i:6379", "[::1]:7000"});
  const Upstream two = upstream_of("url = \"valkeys+cluster://h,i:1\"\nseeds = [\"j\"]\n");
  CHECK(two.is_cluster);
  CHECK(two.tls.enabled);
  CHECK(two.seeds == Lines{"i:1", "j:6379"});
  const Upstream three =
      upstream_of("url = \"valkey://h,i\"\ntopology = \"cluster\"\nshare_connections = true\n");
  CHECK(three.seeds == Lines{"i:6379"});
}

TEST_CASE("64 nodes are taken, and 65 are too many") {
  const auto with = [](std::size_t count) {
    std::string seeds;
    for (std::size_t i = 1; i < count; ++i) seeds += "\"h" + std::to_string(i) + "\",";
    return cluster_and("seeds = [" + seeds + "]\n");
  };
  CHECK(upstream_of(with(64)).seeds.size() == 63);
  CHECK(problem_of(with(65)) ==
        "b.toml:4: upstreams.a.seeds: has 65 addresses, those of url and seeds together; expected "
        "64 at most");
}

struct Row {
  std::string_view table;
  std::string_view problem;
};

void check(const Row& row) {
  CAPTURE(row.table);
  CHECK(problem_of(row.table) == row.problem);
}

TEST_CASE("what contradicts itself is told, with both sides") {
  check(GENERATE(
      Row{"url = \"valkey://h\"\ntopology = \"ring\"",
          "b.toml:3: upstreams.a.topology: is unknown; expected \"standalone\" or \"cluster\""},
      Row{"url = \"valkey+cluster://h\"\ntopology = \"standalone\"",
          "b.toml:3: upstreams.a.topology: is standalone, and url names a cluster; expected "
          "\"cluster\", or valkey:// or valkeys:// in url"},
      Row{"url = \"unix:///s\"\ntopology = \"cluster\"",
          "b.toml:3: upstreams.a.topology: is cluster, and url is a unix socket; expected "
          "valkey:// or valkeys:// in url, because a client has to reach all nodes"},
      Row{"url = \"valkey://h,i\"",
          "b.toml:2: upstreams.a.url: has several addresses; expected one, or topology = "
          "\"cluster\" if they are nodes of a cluster"},
      Row{"url = \"valkey://h\"\nseeds = [\"i\"]",
          "b.toml:3: upstreams.a.seeds: are nodes of a cluster, and this is none; expected "
          "topology = \"cluster\""},
      Row{"url = \"valkey+cluster://h\"\nshare_connections = false",
          "b.toml:3: upstreams.a.share_connections: is false, and the connections of a cluster "
          "are always shared; expected true"},
      Row{"url = \"valkey://h\"\nshare_connections = \"yes\"\nrequest_timeout = \"1 s\"",
          "b.toml:3: upstreams.a.share_connections: is a text; expected true or false"},
      Row{"url = \"valkey://h\"\nrequest_timeout = \"1 s\"",
          "b.toml:3: upstreams.a.request_timeout: applies only to shared connections; expected "
          "share_connections = true, or topology = \"cluster\""},
      Row{"url = \"valkey://h\"\nblocking_connections_max = 2",
          "b.toml:3: upstreams.a.blocking_connections_max: applies only to shared connections; "
          "expected share_connections = true, or topology = \"cluster\""},
      Row{"url = \"valkey://h\"\n[upstreams.a.cache]\nsize = \"1 MiB\"",
          "b.toml:3: upstreams.a.cache: applies only to shared connections; expected "
          "share_connections = true, or topology = \"cluster\""}));
}

TEST_CASE("an address of a node that is none is told without what may be a password") {
  check(GENERATE(
      Row{"url = \"valkey+cluster://h\"\nseeds = [\"i\", \"valkey://jane:hunter2@j\"]",
          "b.toml:3: upstreams.a.seeds: entry 2 is no address of a node: an address has more than "
          "host[:port]; the url has all else"},
      Row{"url = \"valkey+cluster://h\"\nseeds = [\"i:hunter2\"]",
          "b.toml:3: upstreams.a.seeds: entry 1 is no address of a node: port is no number; "
          "expected 1 to 65535"},
      Row{"url = \"valkey+cluster://h\"\nseeds = [\"\"]",
          "b.toml:3: upstreams.a.seeds: entry 1 is no address of a node: host is empty; expected "
          "a name or an address"},
      Row{"url = \"valkey+cluster://h\"\nseeds = [1]",
          "b.toml:3: upstreams.a.seeds: entry 1 is an integer; expected a text, in quotes"},
      Row{"url = \"valkey+cluster://h/1\"",
          "b.toml:2: upstreams.a.url: database is \"1\"; expected 0, the only one of a cluster"}));
}

TEST_CASE("what is wrong with a cache is told") {
  check(GENERATE(
      Row{"url = \"valkey+cluster://h\"\ncache = 1",
          "b.toml:3: upstreams.a.cache: is an integer; expected a table, which begins with "
          "[upstreams.a.cache]"},
      Row{"url = \"valkey+cluster://h\"\n[upstreams.a.cache]\neviction_policy = \"lru\"",
          "b.toml:3: upstreams.a.cache.size: is missing; expected the memory of the cache, such "
          "as \"32 MiB\""},
      Row{"url = \"valkey+cluster://h\"\n[upstreams.a.cache]\nsize = \"1 MiB\"\neviction_policy = "
          "\"fifo\"",
          "b.toml:5: upstreams.a.cache.eviction_policy: is unknown; expected \"lru\" or \"lfu\""},
      Row{"url = \"valkey+cluster://h\"\n[upstreams.a.cache]\nsize = \"1 MiB\"\nprefixes = []",
          "b.toml:5: upstreams.a.cache.prefixes: unknown key; expected one of coherence_lease, "
          "eviction_policy, server_ttl_cap, size"},
      Row{"url = \"valkey+cluster://h\"\n[upstreams.a.cache]\nsize = \"1 MiB\"\nserver_ttl_cap = 1",
          "b.toml:5: upstreams.a.cache.server_ttl_cap: is an integer; expected true or false"}));
}

TEST_CASE("each bound of a shared upstream is taken, and what lies beyond is not") {
  const auto shared = [](std::string_view more) {
    return "url = \"valkey://h\"\nshare_connections = true\n" + std::string(more);
  };
  const std::string cache = "[upstreams.a.cache]\nsize = ";
  const std::string lease = "[upstreams.a.cache]\nsize = 4096\ncoherence_lease = ";
  CHECK(upstream_of(shared("request_timeout = \"10 ms\"")).request_timeout == milliseconds(10));
  CHECK(upstream_of(shared("request_timeout = \"10 min\"")).request_timeout ==
        std::chrono::minutes(10));
  CHECK(problem_of(shared("request_timeout = \"9 ms\"")) ==
        "b.toml:4: upstreams.a.request_timeout: is 9 ms; expected 10 ms to 10 min");
  CHECK(problem_of(shared("request_timeout = \"601 s\"")) ==
        "b.toml:4: upstreams.a.request_timeout: is 601 s; expected 10 ms to 10 min");
  CHECK(upstream_of(shared("blocking_connections_max = 1")).blocking_connections_max == 1);
  CHECK(upstream_of(shared("blocking_connections_max = 46")).blocking_connections_max == 46);
  CHECK(problem_of(shared("blocking_connections_max = 0")) ==
        "b.toml:4: upstreams.a.blocking_connections_max: is 0; expected 1 to 46");
  CHECK(problem_of(shared("blocking_connections_max = 47")) ==
        "b.toml:4: upstreams.a.blocking_connections_max: is 47; expected 1 to 46");
  CHECK(upstream_of(cluster_and("blocking_connections_max = 46")).blocking_connections_max == 46);
  CHECK(upstream_of(shared(cache + "1024")).cache->size == 1024);
  CHECK(upstream_of(shared(cache + "\"1024 GiB\"")).cache->size == std::uint64_t{1} << 40);
  CHECK(problem_of(shared(cache + "1023")) ==
        "b.toml:5: upstreams.a.cache.size: is 1023 B; expected 1 KiB to 1 TiB");
  CHECK(problem_of(shared(cache + "\"2 TiB\"")) ==
        "b.toml:5: upstreams.a.cache.size: is 2 TiB; expected 1 KiB to 1 TiB");
  CHECK(upstream_of(shared(lease + "\"100 ms\"")).cache->coherence_lease == milliseconds(100));
  CHECK(upstream_of(shared(lease + "\"1 h\"")).cache->coherence_lease == std::chrono::hours(1));
  CHECK(problem_of(shared(lease + "\"99 ms\"")) ==
        "b.toml:6: upstreams.a.cache.coherence_lease: is 99 ms; expected 100 ms to 1 h");
  CHECK(problem_of(shared(lease + "\"3601 s\"")) ==
        "b.toml:6: upstreams.a.cache.coherence_lease: is 3601 s; expected 100 ms to 1 h");
}

TEST_CASE("several problems of an upstream are told at once") {
  CHECK(
      read(R"(url = "valkey://h"
seeds = ["i:0"]
request_timeout = "1"
blocking_connections_max = 99
[upstreams.a.cache]
size = 1
)")
          .problems ==
      Lines{"b.toml:3: upstreams.a.seeds: entry 1 is no address of a node: port is \"0\"; expected "
            "1 to 65535",
            "b.toml:3: upstreams.a.seeds: are nodes of a cluster, and this is none; expected "
            "topology = \"cluster\"",
            "b.toml:4: upstreams.a.request_timeout: is not a duration; expected for example \"5 "
            "s\" or \"250 ms\"",
            "b.toml:4: upstreams.a.request_timeout: applies only to shared connections; expected "
            "share_connections = true, or topology = \"cluster\"",
            "b.toml:5: upstreams.a.blocking_connections_max: is 99; expected 1 to 46",
            "b.toml:5: upstreams.a.blocking_connections_max: applies only to shared connections; "
            "expected share_connections = true, or topology = \"cluster\"",
            "b.toml:6: upstreams.a.cache: applies only to shared connections; expected "
            "share_connections = true, or topology = \"cluster\"",
            "b.toml:7: upstreams.a.cache.size: is 1 B; expected 1 KiB to 1 TiB"});
}

}  // namespace
}  // namespace plimsoll::testing::upstream_test
