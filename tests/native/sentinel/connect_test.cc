#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/sentinel/world.h"
#include "plimsoll/tests/support/sentinels.h"
#include "plimsoll/topology.h"

// Clients of real sentinels, of which some are dead, frozen or no sentinels.

namespace plimsoll::testing::native_sentinel_connect_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Topology;
using namespace std::chrono_literals;

SentinelGroup& group() {
  static SentinelGroup all({.replicas = 1});
  return all;
}

std::string primary_address() { return group().address(group().primary()); }

// How many sentinels the client knows; and how many of them it can ask, and have named its primary.
std::size_t known(const Client& client) { return client.topology().sentinels.size(); }
std::size_t named(const Client& client) {
  const Topology all = client.topology();
  const auto names = [&](const auto& one) {
    return one.is_connected && one.primary == all.primary;
  };
  return static_cast<std::size_t>(std::count_if(all.sentinels.begin(), all.sentinels.end(), names));
}

TEST_CASE("a client finds the primary through three sentinels, and says what each said") {
  group().settle();
  ServerLog log;
  native::Options options = sentinel_options();
  log.listen(options);
  Client client = connected(group().url(), options);
  finish(client.set("ship", "here"));
  CHECK(group().ask(group().primary(), "GET ship") == "$4\r\nhere\r\n");
  CHECK(client.statistics().server == primary_address());
  CHECK(log.servers() == std::vector<std::string>{primary_address()});
  REQUIRE(eventually([&] { return named(client) == 3; }));
  const Topology all = client.topology();
  CHECK(all.kind == Topology::Kind::sentinel);
  CHECK(all.primary == primary_address());
  REQUIRE(all.sentinels.size() == 3);
  for (const Topology::Sentinel& one : all.sentinels) {
    INFO(one.address);
    CHECK(one.is_connected);
    CHECK(one.primary == primary_address());
    CHECK(one.problem.empty());
  }
}

TEST_CASE("one sentinel names the others") {
  group().settle();
  for (std::size_t i = 0; i < 3; ++i) {
    Client client = connected(group().url({i}), sentinel_options());
    CHECK(client.topology().primary == primary_address());
    CHECK(eventually([&] { return named(client) == 3; }));
    CHECK(known(client) == 3);
    for (std::size_t j = 0; j < 3; ++j) {
      const auto all = client.topology().sentinels;
      const auto is_it = [&](const auto& one) {
        return one.address == group().sentinel(j).address();
      };
      CHECK(std::count_if(all.begin(), all.end(), is_it) == 1);
    }
  }
}

TEST_CASE("a dead sentinel is no obstacle, and is asked again once it is back") {
  group().settle();
  group().sentinel(1).kill();
  Client client = connected(group().url(), sentinel_options());
  CHECK(client.topology().primary == primary_address());
  REQUIRE(eventually([&] { return named(client) == 2; }));
  const auto all = client.topology().sentinels;
  const auto is_dead = [](const auto& one) { return one.address == group().sentinel(1).address(); };
  const auto dead = std::find_if(all.begin(), all.end(), is_dead);
  REQUIRE(dead != all.end());
  CHECK_FALSE(dead->is_connected);
  CHECK(dead->primary.empty());
  CHECK(dead->problem == "Connection refused");
  group().sentinel(1).restart();
  CHECK(eventually([&] { return named(client) == 3; }));
}

TEST_CASE("a frozen sentinel is no obstacle") {
  group().settle();
  group().sentinel(2).pause();
  Client client = connected(group().url(), sentinel_options());
  CHECK(client.topology().primary == primary_address());
  CHECK(named(client) == 2);
  finish(client.set("ship", "here"));
  // Two that are frozen leave one, which is waited for no longer than for them.
  group().sentinel(1).pause();
  native::Options options = sentinel_options();
  options.connect_timeout = test_timeout(2s);
  Client other = connected(group().url(), options);
  CHECK(other.topology().primary == primary_address());
  CHECK(named(other) == 1);
  // Once they go on, they count again.
  group().sentinel(1).resume();
  group().sentinel(2).resume();
  CHECK(eventually([&] {
    const auto all = other.topology().sentinels;
    return named(other) == 3 &&
           std::all_of(all.begin(), all.end(), [](const auto& one) { return one.problem.empty(); });
  }));
}

TEST_CASE("a name that no sentinel knows ends connect() at once, and the text says so") {
  group().settle();
  std::string url = group().url();
  url.replace(url.rfind("ships"), 5, "boats");
  const native::Error error = refusal(url, sentinel_options());
  CHECK(error.code() == ErrorCode::invalid_option);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK_THAT(error.what(), ContainsSubstring(group().sentinel(i).address() +
                                               ": watches no primary of this name"));
  }
}

TEST_CASE("a server among the addresses of sentinels, and a sentinel as a server, are refused") {
  group().settle();
  const std::string server = primary_address();
  const native::Error no_sentinel =
      refusal("valkey+sentinel://" + server + "/ships", sentinel_options());
  CHECK(no_sentinel.code() == ErrorCode::invalid_option);
  CHECK_THAT(no_sentinel.what(), ContainsSubstring("no sentinel listens at this address"));
  CHECK_THAT(no_sentinel.what(), ContainsSubstring(server));

  const std::string sentinel = group().sentinel(0).address();
  const native::Error no_server = refusal("valkey://" + sentinel, sentinel_options());
  CHECK(no_server.code() == ErrorCode::invalid_option);
  CHECK_THAT(no_server.what(), ContainsSubstring("a sentinel listens at this address"));

  // One that is none does not matter beside one that is.
  Client client =
      connected("valkey+sentinel://" + server + "," + sentinel + "/ships", sentinel_options());
  CHECK(client.topology().primary == server);
}

TEST_CASE("if all sentinels are down, connect() fails with what each said") {
  group().settle();
  for (std::size_t i = 0; i < 3; ++i) group().sentinel(i).kill();
  native::Options options = sentinel_options();
  options.connect_timeout = test_timeout(200ms);
  const native::Error error = refusal(group().url(), options);
  CHECK(error.code() == ErrorCode::connect_failed);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK_THAT(error.what(),
               ContainsSubstring(group().sentinel(i).address() + ": Connection refused"));
  }
}

TEST_CASE("without sentinels a client keeps its connection; once that is lost, it waits for one") {
  group().settle();
  const std::size_t primary = group().primary();
  ServerLog log;
  native::Options options = sentinel_options();
  log.listen(options);
  Client client = connected(group().url(), options);
  for (std::size_t i = 0; i < 3; ++i) group().sentinel(i).kill();
  REQUIRE(eventually([&] { return named(client) == 0; }));
  finish(client.set("ship", "here"));

  group().server(primary).restart();
  REQUIRE(eventually(
      [&] { return log.entries().back().kind == native::ConnectionEvent::Kind::disconnected; }));
  // It asks the sentinels again and again, and does not go back by itself.
  const auto failed = [&] { return client.statistics().client.counters.attempts_failed; };
  const std::uint64_t failed_before = failed();
  REQUIRE(eventually([&] { return failed() > failed_before + 5; }));
  CHECK(log.servers().size() == 1);
  for (const auto& one : client.topology().sentinels) {
    INFO(one.address);
    CHECK_FALSE(one.is_connected);
    CHECK(one.problem == "Connection refused");
  }

  auto late = client.set("ship", "again", use_future);
  group().sentinel(1).restart();
  CHECK(finish(std::move(late)));
  CHECK(log.servers().size() == 2);
  CHECK(client.topology().primary == group().address(primary));
}

TEST_CASE("sentinels may be restarted one after the other; the client then still follows them") {
  group().settle();
  ServerLog log;
  native::Options options = sentinel_options();
  log.listen(options);
  Client client = connected(group().url({0}), options);
  REQUIRE(eventually([&] { return named(client) == 3; }));
  const std::size_t old = group().primary();
  for (std::size_t i = 0; i < 3; ++i) {
    group().sentinel(i).kill();
    REQUIRE(eventually([&] { return named(client) == 2; }));
    group().settle();
    REQUIRE(eventually([&] { return named(client) == 3; }));
  }
  CHECK(log.servers().size() == 1);
  CHECK(known(client) == 3);
  group().failover(2);
  REQUIRE(eventually([&] { return log.servers().size() == 2; }));
  CHECK(log.servers().back() != group().address(old));
}

TEST_CASE("an address names a database of the primary") {
  group().settle();
  Client client = connected(group().url({2}) + "/3", sentinel_options());
  finish(client.set("ship", "in three"));
  CHECK_THAT(group().ask(group().primary(), "INFO keyspace"), ContainsSubstring("db3:keys=1"));
}

}  // namespace
}  // namespace plimsoll::testing::native_sentinel_connect_test
