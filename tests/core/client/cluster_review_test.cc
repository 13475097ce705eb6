#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/tests/core/client/cluster_world.h"

// Rare paths of a client of a cluster, on which an outcome, the order, or the way to a node that is
// well may be lost.

namespace plimsoll::testing::cluster_review_test {
namespace {

using namespace std::chrono_literals;

// Slots of node 0.
constexpr unsigned slot = 3300;  // of "b"
constexpr unsigned slot_of_bar = 5061;
const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);

// A world that is ready, and whose client has a connection to each node.
struct Ready : ClusterWorld {
  explicit Ready(ClusterWorldOptions options = {}) : ClusterWorld(std::move(options)) {
    connect();
    call(1001, {"SET", "{b}present", "x"});
    call(1002, {"GET", "c"});
    call(1003, {"GET", "a"});
  }
};

TEST_CASE("ASK is followed to a node whose connection was lost while nobody needed it") {
  Ready world;
  world.cut(node1);
  world.advance(10s);
  world.model().start_migration(slot, 1);
  world.push(1, "b");
  world.run();
  world.advance(5s);
  CHECK(world.outcome(1) == "1");
  world.verify();
}

TEST_CASE("a caller with inflight_requests_limit 1 may submit as soon as it has its outcome") {
  ClientOptions client;
  client.inflight_requests_limit = 1;
  Ready world({.client = client});
  world.on_outcome = [&world](Tag tag) {
    if (tag < 3) world.push(tag + 1, "b");
  };
  world.push(1, "b");
  world.run();
  CHECK(world.outcome(2) == "2");
  CHECK(world.outcome(3) == "3");
  world.verify();
}

TEST_CASE("requests that ended unsent take no places of the limit") {
  ClientOptions client;
  client.inflight_requests_limit = 2;
  Ready world({.client = client});
  world.hold_answers(node0);
  world.push(1, "b");
  world.run();
  for (Tag tag = 2; tag < 12; ++tag) {
    const std::optional<RequestId> id = world.push(tag, "b");
    REQUIRE(id);
    world.cancel(*id);
    world.take_outcomes();
    REQUIRE(world.outcome(tag) == "cancelled (no)");
  }
  world.let_answers_go(node0);
  world.run();
  CHECK(world.outcome(1) == "1");
  world.verify();
}

TEST_CASE("requests without a key keep their order behind one that has waited for room") {
  ClientOptions client;
  client.inflight_requests_limit = 3;
  client.inflight_overflow = OnLimit::wait;
  Ready world({.client = client});
  world.hold_answers(node0);
  world.hold_answers(node1);
  for (Tag tag = 1; tag <= 3; ++tag) world.push(tag, tag == 1 ? "c" : "b");
  world.run();
  world.submit(4, {"PUBLISH", "news", "4"});
  world.on_admitted = [&world](Tag tag) {
    if (tag != 4) return;
    world.submit(5, {"PUBLISH", "news", "5"});
    world.submit(6, {"PUBLISH", "news", "6"});
  };
  world.let_answers_go(node0);
  world.let_answers_go(node1);
  world.run();
  std::vector<std::string> messages;
  for (const auto& [channel, message] : world.model().take_published()) messages.push_back(message);
  CHECK(messages == std::vector<std::string>{"4", "5", "6"});
}

TEST_CASE("a request that waits for its slot's owner has its place in the limit, and leaves it") {
  // Requests that were parked go on together, the last ones without a key.
  ClientOptions client;
  client.inflight_requests_limit = 4;
  client.inflight_overflow = OnLimit::wait;
  Ready world({.client = client});
  world.hold_answers(node0);
  for (Tag tag = 1; tag <= 4; ++tag) world.push(tag, "b");
  world.run();
  for (Tag tag = 5; tag <= 8; tag += 2) {
    world.push(tag, "b");
    world.submit(tag + 1, {"PUBLISH", "news", std::to_string(tag + 1)});
  }
  world.let_answers_go(node0);
  world.run();
  for (Tag tag = 5; tag <= 8; ++tag) CHECK(world.outcome(tag) != "");
  CHECK(world.client().statistics().in_flight == 0);
  world.verify();
}

TEST_CASE("commands that have run although MULTI was refused are not told as not executed") {
  Ready world;
  world.node(0).refused["MULTI"] = "-NOPERM this user has no permissions to run 'multi'\r\n";
  world.node(0).refused["EXEC"] = "-NOPERM this user has no permissions to run 'exec'\r\n";
  world.submit_transaction(1, {{"RPUSH", "b", "1"}});
  world.run();
  CHECK(world.last_error().executed == Executed::maybe);
  world.verify();
}

TEST_CASE("commands that have run although MULTI was refused are not sent again") {
  Ready world;
  world.node(0).refused["MULTI"] = "-NOPERM this user has no permissions to run 'multi'\r\n";
  world.node(0).refused["EXEC"] = "-LOADING the server is loading\r\n";
  world.submit_transaction(1, {{"RPUSH", "b", "1"}});
  world.run();
  world.node(0).refused.clear();
  world.advance(3s);
  CHECK(world.last_error().executed == Executed::maybe);
  world.verify();
}

TEST_CASE("a node that does not know EXEC does not keep its connection") {
  Ready world;
  world.node(0).refused["EXEC"] = "-ERR unknown command 'EXEC', with args beginning with: \r\n";
  world.submit_transaction(1, {{"RPUSH", "b", "1"}});
  world.run();
  world.node(0).refused.clear();
  world.advance(1s);
  CHECK(world.call(2, {"RPUSH", "b", "2"}) == "1");
  world.verify();
}

TEST_CASE("that ASKING is refused is no event of a request without parts") {
  Ready world;
  world.model().start_migration(slot, 1);
  world.node(1).refused["ASKING"] = "-NOPERM this user has no permissions to run 'asking'\r\n";
  world.take_events();
  world.push(1, "b");
  world.run();
  world.node(1).refused.clear();
  world.advance(3s);
  CHECK(world.take_events() == Lines{});
  CHECK(world.outcome(1) == "1");
  world.verify();
}

TEST_CASE("a client that is closed before it has reached any server ends at once") {
  ClusterWorld world;
  world.kill(node0);
  world.connect();
  world.push(1, "b");
  world.run();
  world.client().close(world.now());
  world.run();
  CHECK(world.outcome(1) == "lost_unsent (no)");
  CHECK(world.take_events() == Lines{"closed: closed"});
}

TEST_CASE("short replies of one turn give up no bytes of a request that was withdrawn unsent") {
  Ready world;
  const std::string value(40, 'v');  // so long that replies are visited, one after the other
  world.call(1, {"SET", "{b}short", value});
  const auto get = [&world](Tag tag) { return world.submit(tag, {"GET", "{b}short"}); };
  const auto withdraw = [&](Tag tag) {
    const std::optional<RequestId> id = get(tag);
    REQUIRE(id);
    world.cancel(*id);
  };
  world.validate_always();
  // Four times, because only every other turn visits.
  for (Tag tag = 10; tag < 50; tag += 10) {
    get(tag);
    withdraw(tag + 1);
    get(tag + 2);
    withdraw(tag + 3);
    get(tag + 4);
    world.run();
    CHECK(world.outcome(tag + 1) == "cancelled (no)");
    CHECK(world.outcome(tag + 4) == '"' + value + '"');
  }
  world.verify();
}

TEST_CASE("with read_resends_max a read in doubt is sent again, and a write is not") {
  ClientOptions client;
  client.read_resends_max = 1;
  Ready world({.client = client});
  world.push(1, "b");
  world.run();
  world.hold_answers(node0);
  world.push(2, "b");
  world.read(3, "b");
  world.submit_transaction(4, {{"RPUSH", "b", "4"}});
  world.run();
  world.cut(node0);
  world.let_answers_go(node0);
  world.advance(3s);
  CHECK(world.outcome(2) == "lost_in_doubt (maybe)");
  CHECK(world.outcome(3) == "[\"1\", \"2\", \"4\"]");
  CHECK(world.outcome(4) == "lost_in_doubt (maybe)");
  world.verify();
}

TEST_CASE("what a bridge in a node's place answers is no loss, and nothing is sent again") {
  ClientOptions client;
  client.read_resends_max = 3;
  Ready world({.client = client});
  const std::uint64_t sent_again = world.cluster().counters().sent_again;
  Tag tag = 0;
  for (const auto& [word, code] :
       {std::pair("UNSENT", ErrorCode::lost_unsent), std::pair("INDOUBT", ErrorCode::lost_in_doubt),
        std::pair("TOOLARGE", ErrorCode::reply_too_large)}) {
    const std::string text = std::string(word) + " plimsoll-bridge: x";
    world.node(0).refused["GET"] = "-" + text + "\r\n";
    CHECK(world.call(++tag, {"GET", "b"}) == "error \"" + text + "\"");
    CHECK(world.last_error().code == code);
  }
  CHECK(world.cluster().counters().sent_again == sent_again);
}

TEST_CASE("a connection is renewed although there is always a request for it") {
  Ready world;
  std::string key = "key";
  while (world.model().owner(model_slot_of(key)) != 0 || model_slot_of(key) == slot) key += "y";
  const std::size_t attempts = world.attempts_at(node0);
  std::size_t attempts_then = 0;
  world.on_outcome = [&](Tag tag) {
    if (tag == 50) attempts_then = world.attempts_at(node0);
    if (tag >= 10 && tag < 100) world.submit(tag + 1, {"GET", key});
  };
  world.node(0).refused["RPUSH"] = "-MOVED 3300 10.0.0.1:7000\r\n";
  world.push(1, "b");
  world.submit(10, {"GET", key});
  world.run();
  world.node(0).refused.clear();
  world.advance(3s);
  CHECK(attempts_then > attempts);
  CHECK(world.outcome(1) == "1");
  world.verify();
}

TEST_CASE("a client that has ended wants no more time") {
  Ready world;
  world.client().close(world.now());
  world.run();
  CHECK(world.take_events() == Lines{"ready", "closed: closed"});
  CHECK(world.client().poll_timeout() == never);
}

// Nodes without a client: the addresses 10.0.0.1:7000, 7001...
struct Nodes {
  TestMemory memory{};
  Budget budget{{}, memory};
  Client::Accounts accounts = Client::open_accounts(budget).value();
  Session main{SessionOptions{}, {*accounts.requests, *accounts.replies, *accounts.connections}};
  ClusterNodes nodes{main};

  // They own slots until the last one is there, because otherwise it takes another one's place.
  explicit Nodes(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      REQUIRE(add() == i);
      nodes[static_cast<NodeNumber>(i)].slots = 1;
    }
    nodes.for_each([](NodeNumber, ClusterNode& node) {
      node.slots = 0;
      node.is_named = false;
    });
  }
  std::optional<NodeNumber> add() {
    const std::string port = std::to_string(7000 + added_++);
    return nodes.find_or_add(*NodeAddress::read("10.0.0.1", port), {});
  }

 private:
  int added_ = 0;
};

TEST_CASE("who waits for a node waits for all that are waited for together") {
  Nodes three(3);
  ClusterNodes& nodes = three.nodes;
  nodes.hold_together(0, 1);
  nodes.hold_together(1, 0);
  nodes.hold_together(0, 2);
  CHECK(nodes.has_answered(0));
  nodes.connect(2, Instant{});
  nodes[2].hold_until = 1;
  CHECK_FALSE(nodes.has_answered(0));
  CHECK_FALSE(nodes.has_answered(1));
  CHECK_FALSE(nodes.others_have_answered(0));
  nodes.forget_answered_rings();
  CHECK_FALSE(nodes.has_answered(0));
  nodes[2].hold_until = 0;
  CHECK(nodes.has_answered(1));
  nodes.forget_answered_rings();
  nodes[2].hold_until = 1;
  CHECK(nodes.has_answered(0));
  CHECK_FALSE(nodes.has_answered(2));
}

TEST_CASE("rings of nodes that are waited for together become one") {
  Nodes six(6);
  ClusterNodes& nodes = six.nodes;
  nodes.hold_together(0, 1);
  nodes.hold_together(2, 3);
  nodes.hold_together(3, 4);
  nodes.hold_together(4, 2);
  nodes.hold_together(1, 4);
  nodes.connect(3, Instant{});
  nodes[3].hold_until = 1;
  for (const NodeNumber each : {0, 1, 2, 3, 4}) CHECK_FALSE(nodes.has_answered(each));
  CHECK(nodes.others_have_answered(3));
  CHECK(nodes.has_answered(5));
}

TEST_CASE("the numbers of connections in ids follow each other at each node") {
  Nodes three(3);
  ClusterNodes& nodes = three.nodes;
  std::array<std::uint64_t, 3> last{};
  for (int i = 0; i < 200; ++i) {
    const auto number = static_cast<NodeNumber>(i % 7 % 3);
    nodes.connect(number, Instant{});
    const RequestId id = nodes.known_as(number, 5);
    CHECK(ClusterNodes::number_of_request(id) == number);
    CHECK(request_ids::request_of(id) == 5);
    CHECK(nodes.session_of_request(id) == nodes[number].session.get());
    const std::uint64_t incarnation = request_ids::node_incarnation_of(id);
    CHECK(incarnation == (last[number] + 1) % request_ids::NodeIncarnation::values_count);
    last[number] = incarnation;
    nodes.leave(number, ClusterNode::is_another);
    while (nodes[number].session->poll_event()) {
    }
    nodes.forget_session(number);
    CHECK(nodes.session_of_request(id) == nullptr);
  }
}

TEST_CASE("a node keeps its place while who waits for it waits for another one") {
  Nodes all(cluster_nodes_max);
  ClusterNodes& nodes = all.nodes;
  nodes.hold_together(0, 1);
  nodes.connect(1, Instant{});
  nodes[1].hold_until = 1;
  CHECK(all.add() == 2);
  CHECK_FALSE(nodes.has_answered(0));
}

TEST_CASE("what a driver says of a node's connection that is over, or never was, changes nothing") {
  Ready world;
  world.cut(node1);
  world.run();
  Client& client = world.client();
  std::array<std::string_view, 4> spans;
  for (const NodeNumber number : {NodeNumber{1}, NodeNumber{cluster_nodes_max - 1}}) {
    const ConnectionId connection = ClusterNodes::connection_of(number);
    client.handle_opened(connection, world.now());
    CHECK(client.poll_transmit(connection, spans) == 0);
    client.handle_written(connection, 0);
    CHECK(client.read_space(connection).empty());
    client.handle_read(connection, 0, world.now());
    CHECK_FALSE(client.is_paused(connection));
    client.handle_closed(connection, Error{.code = ErrorCode::connection_lost}, world.now());
  }
  CHECK_FALSE(ClusterNodes::owns(ConnectionId{ExclusiveHandles::ids_max - 1}));
  CHECK_FALSE(ClusterNodes::owns(ConnectionId{ExclusiveHandles::ids_max + cluster_nodes_max}));
  world.push(1, "b");
  world.run();
  CHECK(world.outcome(1) == "1");
  world.verify();
}

TEST_CASE("a new connection to a node knows nothing of the requests of the last one") {
  Nodes one(1);
  ClusterNodes& nodes = one.nodes;
  nodes.connect(0, Instant{});
  nodes[0].part_of = 35;
  nodes[0].hold_until = 35;
  REQUIRE(nodes[0].sent.add({.id = 35}));
  nodes.leave(0, ClusterNode::is_another);
  while (nodes[0].session->poll_event()) {
  }
  REQUIRE(nodes[0].session->is_over());
  nodes.forget_session(0);
  nodes.connect(0, Instant{});
  CHECK(nodes[0].part_of == ClusterNode::no_request);
  CHECK(nodes[0].hold_until == 0);
  CHECK_FALSE(nodes[0].sent.find(35));
}

TEST_CASE("a place in the limit is free at once, also behind a redirection to a new node") {
  ClientOptions client;
  client.inflight_requests_limit = 3;
  Ready world({.client = client});
  const NodeIndex added = world.model().add_node("10.0.0.9", 7000);
  world.model().start_migration(slot_of_bar, added);
  std::optional<RequestId> next;
  world.on_outcome = [&](Tag tag) {
    if (tag == 2) next = world.push(4, "b");
  };
  world.push(1, "bar");
  world.push(2, "b");
  world.push(3, "c");
  world.run();
  CHECK(next);
  CHECK(world.outcome(2) == "1");
  CHECK(world.outcome(3) == "1");
  CHECK(world.outcome(4) == "2");
  world.verify();
}

TEST_CASE("two nodes that ASK has named in one turn do not get the same place") {
  Ready world({.redirects_max = 1});
  const NodeIndex first = world.model().add_node("10.0.0.8", 7000);
  const NodeIndex second = world.model().add_node("10.0.0.9", 7000);
  world.model().tell_all();
  world.model().start_migration(slot, first);
  world.model().start_migration(slot_of_bar, second);
  world.push(1, "b");
  world.push(2, "bar");
  world.run();
  world.advance(1s);
  CHECK(world.outcome(1) == "1");
  CHECK(world.outcome(2) == "1");
  world.verify();
}

TEST_CASE("a node whose place could not be given to another keeps it, and is found") {
  Nodes three(3);
  ClusterNodes& nodes = three.nodes;
  const NodeAddress first = *NodeAddress::read("10.0.0.1", "7000");
  three.memory.refuse_one_after(0);
  CHECK_FALSE(three.add());
  REQUIRE(three.memory.has_refused());
  REQUIRE(nodes.has(0));
  CHECK(nodes[0].address == first);
  SECTION("it is found") { CHECK(nodes.find_or_add(first, {}) == 0); }
  SECTION("its place is given away once there is memory") { CHECK(three.add() == 0); }
}

TEST_CASE("a node that was idle has as long as any to answer a request that was cancelled") {
  Ready world;
  // Each has its PINGs at times of its own from now on.
  world.advance(20s);
  world.call(3, {"GET", "c"});
  world.advance(300ms);
  world.call(1, {"SET", "{b}x", "1"});  // node 0, whose next PING is due in 5 s
  world.advance(4800ms);
  world.hold_answers(node0);
  const std::optional<RequestId> id = world.push(2, "b");
  REQUIRE(id);
  world.run();
  world.cancel(*id);
  world.run();
  REQUIRE(world.links_to(node0) == 2);
  world.advance(1s);
  CHECK(world.links_to(node0) == 2);  // one of them is the main connection
  world.let_answers_go(node0);
  world.run();
}

}  // namespace
}  // namespace plimsoll::testing::cluster_review_test
