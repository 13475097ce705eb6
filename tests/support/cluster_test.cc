#include "plimsoll/tests/support/cluster.h"

#include <signal.h>

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/tests/support/certificates.h"

namespace plimsoll::testing::cluster_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

bool exists(pid_t pid) { return ::kill(pid, 0) == 0; }

TEST_CASE("slots are those of the server, and a tag leads to each") {
  ClusterGroup group({.primaries = 1});
  for (const std::string key : {"ship", "{ship}:1", "a{ship}b{c}", "{}ship", "{ship", "}{ship}"}) {
    INFO(key);
    CHECK(group.ask(0, {"CLUSTER", "KEYSLOT", key}).text == std::to_string(slot_of(key)));
  }
  for (const std::uint16_t slot : {0, 1, 8191, 16383}) CHECK(slot_of(tag_of(slot)) == slot);
  // A node that has met nobody does not know by which host it is reached.
  const RawReply slots = group.ask(0, {"CLUSTER", "SLOTS"});
  REQUIRE(slots.elements.size() == 1);
  CHECK(slots.elements[0].elements[2].elements[0].text.empty());
}

TEST_CASE("a slot moves with its keys, in either order, half of it, and back") {
  std::vector<pid_t> pids;
  {
    ClusterGroup group;
    for (std::size_t i = 0; i < 3; ++i) pids.push_back(group.node(i).pid());
    CHECK(group.owner_of(0) == 0);
    CHECK(group.owner_of(16383) == 2);
    const std::uint16_t slot = 100;
    for (int i = 0; i < 20; ++i) {
      group.ask_owner(slot, {"SET", tag_of(slot) + std::to_string(i), "here"});
    }
    group.move_slot(slot, 1);
    group.wait_until_owner(slot, 1);
    CHECK(group.ask_owner(slot, {"GET", tag_of(slot) + "3"}).text == "here");
    CHECK_THAT(group.try_to_ask(0, {"GET", tag_of(slot) + "3"}).text,
               StartsWith("MOVED 100 " + group.address(1)));
    CHECK(group.errors(0, "MOVED") == 1);
    group.move_slot(slot, 2, SlotOrder::source_first);
    group.wait_until_owner(slot, 2);

    group.begin_move(slot, 0);
    CHECK(group.migrate_keys(slot, 0, 10) == 10);
    CHECK(group.ask(2, {"CLUSTER", "COUNTKEYSINSLOT", "100"}).text == "10");
    CHECK_THAT(group.try_to_ask(2, {"GET", tag_of(slot) + "new"}).text,
               StartsWith("ASK 100 " + group.address(0)));
    CHECK(group.migrate_keys(slot, 0) == 10);
    group.finish_move(slot, 0, SlotOrder::target_first);
    group.wait_until_owner(slot, 0);
    CHECK(group.calls(0, "get") == 0);

    group.begin_move(slot, 1);
    group.cancel_move(slot, 1);
    CHECK(group.ask(0, {"GET", tag_of(slot) + "3"}).text == "here");
  }
  for (const pid_t pid : pids) CHECK_FALSE(exists(pid));
}

TEST_CASE("replicas take over when they are asked, and when their primary dies or freezes") {
  ClusterGroup group({.primaries = 3, .replicas = 1});
  CHECK(group.replica_of(0) == 3);
  group.fail_over(3);
  group.wait_until_owner(0, 3);
  group.settle();
  CHECK(group.replica_of(3) == 0);
  group.kill(3);
  group.wait_until_owner(0, 0);
  group.settle();
  CHECK(group.replica_of(0) == 3);
  group.freeze(0);
  group.wait_until_owner(0, 3);
  group.settle();
  group.fail_over(0, Takeover::alone);
  group.wait_until_owner(0, 0);
}

TEST_CASE("nodes may want passwords and TLS, and be called by names") {
  const CertificateAuthority authority;
  std::vector<std::string> arguments = tls_arguments(authority, authority.issue("node"));
  arguments.insert(arguments.end(), {"--cluster-announce-hostname", "localhost",
                                     "--cluster-preferred-endpoint-type", "hostname"});
  ClusterGroup group({.primaries = 2,
                      .password = "open-the-hold",
                      .listen = Listen::unix_socket_and_tls,
                      .arguments = arguments});
  CHECK_THAT(group.node(0).ask("GET ship"), ContainsSubstring("NOAUTH"));
  CHECK_THAT(group.url({1}), StartsWith("valkeys+cluster://127.0.0.1:"));
  const RawReply slots = group.ask(0, {"CLUSTER", "SLOTS"});
  CHECK(slots.elements[0].elements[2].elements[0].text == "localhost");
  group.ask(0, {"SET", tag_of(0), "here"});
  group.move_slot(0, 1);
  CHECK(group.ask(1, {"GET", tag_of(0)}).text == "here");
}

TEST_CASE("a node that is removed serves nothing, and answers") {
  ClusterGroup group({.primaries = 2});
  group.give_empty_slots(0, 1);
  group.remove(0);
  group.settle();
  CHECK_THAT(group.try_to_ask(0, {"GET", "ship"}).text, StartsWith("CLUSTERDOWN"));
  CHECK(group.ask(0, {"PING"}).text == "PONG");
  CHECK(group.owner_of(0) == 1);
}

}  // namespace
}  // namespace plimsoll::testing::cluster_test
