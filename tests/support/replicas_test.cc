#include "plimsoll/tests/support/replicas.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

namespace plimsoll::testing::replicas_test {
namespace {

using Catch::Matchers::ContainsSubstring;

TEST_CASE("a group's replicas follow, leave, come back, and become more") {
  ReplicaGroup group({.replicas = 1, .zones = {"north", "south"}});
  CHECK(info_field(group.ask(0, "INFO replication"), "connected_slaves") == "1");
  CHECK(info_field(group.ask(1, "INFO server"), "availability_zone") == "south");
  group.ask(0, "SET ship here");
  group.wait_until_online({1});
  CHECK(group.ask(1, "GET ship") == "$4\r\nhere\r\n");
  CHECK(group.calls(1, "get") == 1);
  CHECK(group.calls(0, "get") == 0);
  group.reset_calls();
  CHECK(group.calls(1, "get") == 0);

  group.detach(1);
  CHECK(info_field(group.ask(1, "INFO replication"), "role") == "master");
  const std::size_t added = group.add_replica();
  group.attach(1);
  group.wait_until_online({1, added});
  CHECK(group.ask(added, "GET ship") == "$4\r\nhere\r\n");
}

TEST_CASE("a group may want a password") {
  ReplicaGroup group({.replicas = 1, .password = "open-the-hold"});
  CHECK_THAT(group.server(1).ask("GET ship"), ContainsSubstring("NOAUTH"));
  CHECK(info_field(group.ask(1, "INFO replication"), "master_link_status") == "up");
}

}  // namespace
}  // namespace plimsoll::testing::replicas_test
