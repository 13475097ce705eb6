#include "plimsoll/tests/support/sentinels.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

namespace plimsoll::testing::sentinels_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Clock = SwitchWatcher::Clock;

bool exists(pid_t pid) { return ::kill(pid, 0) == 0; }

TEST_CASE("a group knows all of itself, fails over, and settles with what was dead or frozen") {
  std::vector<pid_t> pids;
  {
    SentinelGroup group;
    for (std::size_t i = 0; i < 3; ++i) {
      pids.push_back(group.server(i).pid());
      pids.push_back(group.sentinel(i).pid());
      CHECK(group.sentinel(i).primary() == group.address(0));
    }
    CHECK(group.primary() == 0);
    CHECK(group.url({1}) == "valkey+sentinel://" + group.sentinel(1).address() + "/ships");

    const auto begin = Clock::now();
    CHECK(group.find_switch(begin).at == Clock::time_point::max());
    group.failover();
    const auto planned = group.first_switch(begin);
    CHECK_THAT(planned.payload, ContainsSubstring("ships 127.0.0.1 "));
    group.settle();
    const std::size_t second = group.primary();
    CHECK(second != 0);
    CHECK_THAT(planned.payload,
               ContainsSubstring(std::to_string(group.server(0).port()) + " 127.0.0.1 " +
                                 std::to_string(group.server(second).port())));

    const auto killed = Clock::now();
    group.server(second).kill();
    group.first_switch(killed);
    group.sentinel(0).pause();
    CHECK(group.sentinel(0).primary().empty());
    group.sentinel(1).kill();
    group.settle();
    CHECK(group.primary() != second);

    const auto frozen = Clock::now();
    const std::size_t third = group.primary();
    group.server(third).pause();
    group.first_switch(frozen);
    group.settle();
    CHECK(group.primary() != third);
    CHECK_THAT(group.ask(third, "INFO replication"), ContainsSubstring("role:slave"));
  }
  for (const pid_t pid : pids) CHECK_FALSE(exists(pid));
}

TEST_CASE("a group may want users at its servers and at its sentinels") {
  SentinelGroup group({.replicas = 1,
                       .sentinels = 2,
                       .server_user = {.password = "server-secret"},
                       .sentinel_user = {.name = "harbour", .password = "sentinel-secret"}});
  CHECK_THAT(group.server(0).ask("GET key"), ContainsSubstring("NOAUTH"));
  RawClient stranger(tcp_address(group.sentinel(0).port()));
  CHECK_THAT(stranger.ask({"SENTINEL", "MYID"}, std::chrono::seconds(5)).text,
             ContainsSubstring("NOAUTH"));
  CHECK_THAT(group.ask(1, "INFO replication"), ContainsSubstring("role:slave"));
  CHECK_THROWS_AS(group.index_of("127.0.0.1:1"), std::runtime_error);
}

}  // namespace
}  // namespace plimsoll::testing::sentinels_test
