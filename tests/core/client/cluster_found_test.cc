#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/core/client/cluster_world.h"
#include "plimsoll/tests/core/client/pair.h"

// A client that finds out by itself whether its server is a node of a cluster, and what becomes of
// the requests that it was given before.

namespace plimsoll::testing::cluster_found_test {
namespace {

using namespace std::chrono_literals;
using Knows = ClusterWorldOptions::Knows;

// Of three nodes, 0 has the slot of "b" (3300), 1 that of "c" (7365) and 2 that of "a" (15495).
const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);
const std::string node2 = ClusterWorld::port(2);

ClusterWorldOptions knowing_nothing(ClientOptions client = {}) {
  return {.knows = Knows::nothing, .client = std::move(client)};
}

bool has(const Error& error, const std::string& part) {
  const std::string text =
      std::string(error.what) + "; " + (error.expected == nullptr ? "" : error.expected);
  INFO(text);
  return text.find(part) != text.npos;
}

// From now on a single server answers where this node did.
void become_single_server(ClusterWorld& world, NodeIndex number) {
  ModelNode& node = world.node(number);
  node.refused["HELLO"] = hello_reply;
  node.refused["CLUSTER SLOTS"] = node.refused["CLUSTER MYID"] =
      "-ERR This instance has cluster support disabled\r\n";
}

void become_node(ClusterWorld& world, NodeIndex number) { world.node(number).refused.clear(); }

TEST_CASE("a client finds out that its server is a node of a cluster, in as many round trips") {
  ClusterWorld world(knowing_nothing());
  CHECK(world.client().cluster() == nullptr);
  world.connect();
  CHECK(world.take_events() == Lines{"ready"});
  REQUIRE(world.client().cluster() != nullptr);
  CHECK(world.attempts() == 1);
  CHECK(world.node(0).views_told == 1);
  CHECK(world.call(1, {"SET", "a", "x"}) == "simple \"OK\"");
  CHECK(world.call(2, {"SET", "b", "y"}) == "simple \"OK\"");
  CHECK(world.call(3, {"SET", "c", "z"}) == "simple \"OK\"");
  CHECK(world.call(4, {"ECHO", "ship"}) == "\"ship\"");
  CHECK(world.call(5, {"MGET", "a", "b"}) == "[\"x\", \"y\"]");
  CHECK(world.cluster().counters().moved == 0);
  CHECK_FALSE(world.client().start_recording(4096).ok());
  world.verify();
}

TEST_CASE("a single server is used as before, and costs nothing more") {
  ClusterWorld world(knowing_nothing());
  become_single_server(world, 0);
  world.connect();
  CHECK(world.take_events() == Lines{"ready"});
  CHECK(world.client().cluster() == nullptr);
  CHECK(world.node(0).views_told == 0);
  CHECK(world.call(1, {"ECHO", "ship"}) == "\"ship\"");
  CHECK(world.client().is_plain(CommandView{}));
}

TEST_CASE("requests from before the client was ready go to the owners of their slots, in order") {
  const bool is_slow = GENERATE(false, true);
  ClusterWorld world(knowing_nothing());
  if (is_slow) world.delay = [] { return 5ms; };
  Tag tag = 0;
  for (int i = 0; i < 50; ++i) {
    for (const char* key : {"a", "b", "c", "{c}2"}) world.push(++tag, key);
    world.submit(++tag, {"ECHO", "ship"});
  }
  for (const char* key : {"a", "b", "c", "{c}2"}) world.read(++tag, key);
  world.connect();
  world.advance(100ms);
  CHECK(world.pending_count() == 0);
  CHECK(world.history().succeeded_count() == tag);
  CHECK(world.cluster().counters().moved == 0);
  CHECK(world.history().inversions(world.model()) == 0);
  world.verify();
}

TEST_CASE("requests that are submitted while the slots are asked for stay behind the early ones") {
  ClusterWorld world(knowing_nothing());
  world.delay = [] { return 5ms; };
  Tag tag = 0;
  const auto push_all = [&] {
    for (const char* key : {"a", "b", "c"}) world.push(++tag, key);
  };
  push_all();
  world.connect();
  for (int i = 0; i < 40; ++i) {
    world.advance(1ms);
    push_all();
  }
  world.advance(100ms);
  CHECK(world.history().succeeded_count() == tag);
  CHECK(world.history().inversions(world.model()) == 0);
  world.verify();
}

TEST_CASE("what the client of a cluster refuses is refused early, too, and never sent") {
  ClusterWorld world(knowing_nothing());
  world.submit(1, {"MSET", "a", "1", "b", "1"});
  world.push(2, "a");
  world.submit(3, {"RANDOMKEY"});
  world.submit_transaction(4, {{"SET", "a", "1"}, {"SET", "b", "1"}});
  world.submit_transaction(5, {{"RPUSH", "c", "5"}, {"RPUSH", "{c}2", "5b"}});
  world.submit(6, {"ECHO", "ship"});
  world.submit_transaction(7, {{"PING"}, {"DBSIZE"}});
  CHECK(world.pending_count() == 7);
  world.connect();
  CHECK(world.outcome(1) == "invalid_argument (no)");
  CHECK(world.outcome(2) == "1");
  CHECK(world.outcome(4) == "invalid_argument (no)");
  CHECK(world.outcome(5) == "[1, 1]");
  CHECK(world.outcome(6) == "\"ship\"");
  CHECK(world.outcome(7) == "refused_command (no)");
  CHECK(world.model().runs().size() == 3);
  world.verify();
}

TEST_CASE("early commands over several slots, and those for every node, go in parts") {
  const std::size_t limit = GENERATE(1000, 7);
  ClusterWorld world(knowing_nothing({.inflight_requests_limit = limit}));
  world.submit(1, {"SET", "a", "x"});
  world.submit(2, {"SET", "b", "y"});
  world.submit(3, {"MGET", "a", "b", "c"});
  world.submit(4, {"DBSIZE"});
  world.submit(5, {"DEL", "a", "b", "c"});
  world.submit(6, {"FLUSHALL"});
  world.submit(7, {"GET", "a"});
  world.connect();
  world.advance(100ms);
  CHECK(world.outcome(3) == "[\"x\", \"y\", null]");
  CHECK(world.outcome(4) == "2");
  CHECK(world.outcome(5) == "2");
  CHECK(world.outcome(6) == "simple \"OK\"");
  CHECK(world.outcome(7) == "null");
  world.verify();
}

TEST_CASE("what a caller submits on hearing of a refusal comes behind all early requests") {
  ClusterWorld world(knowing_nothing());
  world.push(1, "a");
  world.submit(2, {"MSET", "a", "1", "b", "1"});
  world.push(3, "a");
  world.submit(4, {"MSET", "a", "1", "c", "1"});
  world.push(5, "a");
  world.submit(6, {"ECHO", "ship"});
  world.on_outcome = [&](Tag tag) {
    if (tag == 2 || tag == 4) world.push(10 + tag, "a");
  };
  world.connect();
  CHECK(world.pending_count() == 0);
  CHECK(world.outcome(5) == "3");
  CHECK(world.outcome(12) == "4");
  CHECK(world.outcome(14) == "5");
  CHECK(world.history().inversions(world.model()) == 0);
  world.verify();
}

TEST_CASE("early requests are cancelled by the ids that they had, wherever they are") {
  const auto when = GENERATE(as<std::string>(), "before", "asking", "sent");
  CAPTURE(when);
  ClusterWorld world(knowing_nothing());
  std::vector<RequestId> ids;
  for (Tag tag = 1; tag <= 4; ++tag)
    ids.push_back(world.push(tag, tag % 2 == 0 ? "a" : "c").value());
  ids.push_back(world.submit(5, {"ECHO", "ship"}).value());
  ids.push_back(world.submit(6, {"MSET", "a", "1", "b", "1"}).value());
  const auto cancel = [&] {
    for (const Tag tag : {1, 4, 5, 6}) world.cancel(ids[tag - 1]);
  };
  if (when == "before") cancel();
  world.node(0).refused["CLUSTER SLOTS"] = "-CLUSTERDOWN wait\r\n";
  world.connect();
  if (when == "asking") cancel();
  world.node(0).refused.clear();
  if (when == "sent") {
    world.delay = [] { return 5ms; };
    while (world.model().runs().size() < 4) world.advance(1ms);
    cancel();
  }
  world.advance(1s);
  CHECK(world.outcome(1) == (when == "sent" ? "cancelled (maybe)" : "cancelled (no)"));
  CHECK(world.outcome(4) == (when == "sent" ? "cancelled (maybe)" : "cancelled (no)"));
  CHECK(world.history().has_succeeded(2));
  CHECK(world.history().has_succeeded(3));
  if (when == "before") {
    CHECK(world.outcome(5) == "cancelled (no)");
    CHECK(world.outcome(6) == "cancelled (no)");
  } else {
    CHECK(world.outcome(6) == "invalid_argument (no)");
  }
  world.verify();
}

TEST_CASE("the deadlines of early requests stay") {
  ClusterWorld world(knowing_nothing());
  world.push(1, "a", 50ms);
  world.push(2, "a", 500ms);
  world.node(0).refused["CLUSTER SLOTS"] = "-CLUSTERDOWN wait\r\n";
  world.connect();
  world.advance(49ms);
  CHECK(world.outcome(1).empty());
  world.advance(1ms);
  CHECK(world.outcome(1) == "timed_out (no)");
  world.node(0).refused.clear();
  world.advance(400ms);
  CHECK(world.outcome(2) == "1");
  world.verify();
}

TEST_CASE("an early request of any size finds its owner") {
  const std::size_t before = GENERATE(0, 1000, 60'000);
  const std::size_t key_size = GENERATE(1, 5000, 70'000);
  ClusterWorld world(knowing_nothing());
  world.submit(1, {"SET", "b", std::string(before, 'b')});
  world.submit(2, {"SET", "{c}" + std::string(key_size, 'k'), std::string(200'000, 'v')});
  world.submit_transaction(3, {{"SET", "{a}" + std::string(key_size, 'k'), "1"},
                               {"SET", "{a}1", std::string(100'000, 'v')},
                               {"STRLEN", "{a}1"}});
  world.submit(4, {"MSET", "a", std::string(90'000, 'v'), "b", "1"});
  world.connect();
  CHECK(world.outcome(1) == "simple \"OK\"");
  CHECK(world.outcome(2) == "simple \"OK\"");
  CHECK(world.outcome(3) == "[simple \"OK\", simple \"OK\", 100000]");
  CHECK(world.outcome(4) == "invalid_argument (no)");
  CHECK(world.cluster().counters().moved == 0);
  CHECK(world.model().runs().size() == 5);
}

TEST_CASE("an early request for which there is no memory is refused, and the others go on") {
  // The log of the main session takes all of the pool. A request leaves it before the next one is
  // looked at, so that little more is needed.
  ClusterWorldOptions options = knowing_nothing({.inflight_requests_limit = 10'000});
  options.budget.memory_limit = 4 << 20;
  ClusterWorld world(options);
  Tag accepted = 0;
  const std::string value(20'000, 'v');
  while (world.submit(accepted + 1, {"SET", accepted % 2 == 0 ? "a" : "c", value})) ++accepted;
  CHECK(accepted > 20);
  world.connect();
  world.advance(1s);
  CHECK(world.pending_count() == 0);
  const std::size_t refused = world.history().failed_count(ErrorCode::rejected_by_limit);
  CHECK(world.history().succeeded_count() + refused == accepted + 1);
  CHECK(world.history().succeeded_count() + 8 >= accepted);
}

TEST_CASE("requests that waited for room early are looked at when there is room") {
  ClientOptions client;
  client.inflight_requests_limit = 2;
  client.inflight_overflow = OnLimit::wait;
  ClusterWorld world(knowing_nothing(client));
  world.push(1, "a");
  world.push(2, "c");
  world.push(3, "a");
  world.submit_transaction(4, {{"PING"}, {"DBSIZE"}});
  world.submit(5, {"MSET", "a", "1", "b", "1"});
  const RequestId sixth = world.submit(6, {"MSET", "a", "1", "b", "1"}).value();
  world.push(7, "b");
  world.push(8, "c");
  CHECK(world.client().statistics().waiting == 6);
  world.cancel(sixth);
  world.connect();
  world.advance(100ms);
  CHECK(world.outcome(4) == "refused_command (no)");
  CHECK(world.outcome(5) == "invalid_argument (no)");
  CHECK(world.outcome(6) == "cancelled (no)");
  for (const Tag tag : {1, 2, 3, 7, 8}) CHECK(world.history().has_succeeded(tag));
  CHECK(world.history().inversions(world.model()) == 0);
  world.verify();
}

TEST_CASE("all places may be taken by early requests") {
  const std::size_t limit = GENERATE(1, 3);
  ClusterWorld world(knowing_nothing({.inflight_requests_limit = limit}));
  for (Tag tag = 1; tag <= limit; ++tag) world.push(tag, tag == 2 ? "b" : "a");
  world.push(99, "a");
  CHECK(world.outcome(99) == "refused with rejected_by_limit (no)");
  world.connect();
  for (Tag tag = 1; tag <= limit; ++tag) CHECK(world.history().has_succeeded(tag));
  world.verify();
}

TEST_CASE("what does not go with a cluster ends the client, and is named") {
  struct Row {
    ClusterWorldOptions options;
    const char* named;
  };
  ClusterWorldOptions bridge = knowing_nothing();
  bridge.reach = ClusterOptions::Reach::bridge;
  ClusterWorldOptions socket = knowing_nothing();
  socket.reach = ClusterOptions::Reach::unix_socket;
  const std::vector<Row> rows{
      {bridge, "a bridge to a single server; or standalone as topology"},
      {socket, "the node's host and port; or standalone as topology"},
      {knowing_nothing({.database = 3}), "database is not 0"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.named);
    ClusterWorld world(row.options);
    world.node(0).refused["SELECT 3"] = "+OK\r\n";  // as Valkey 9 may
    world.push(1, "a");
    world.submit(2, {"ECHO", "ship"});
    world.connect();
    CHECK(world.take_events() == Lines{"closed: invalid_option"});
    CHECK(world.pending_count() == 0);
    CHECK(world.outcome(1) == "lost_unsent (no)");
    CHECK(has(world.client().statistics().last_problem, row.named));
    CHECK(world.model().runs().empty());
    CHECK(world.call(3, {"ECHO", "ship"}) == "refused with closed (no)");
    CHECK(world.attempts() == 1);
  }
}

TEST_CASE("a client that is recorded cannot become that of a cluster") {
  ClusterWorld world(knowing_nothing());
  REQUIRE(world.client().start_recording(4096).ok());
  world.connect();
  CHECK(world.take_events() == Lines{"closed: invalid_option"});
  CHECK(has(world.client().statistics().last_problem, "recorded"));
}

TEST_CASE("the table of slots is paid for when there is a cluster, and its lack has both numbers") {
  ClusterWorldOptions options = knowing_nothing();
  options.budget.memory_limit = 1 << 20;
  options.client.inflight_requests_limit = 4;
  std::size_t before = 0;
  {
    ClusterWorld world(options);
    become_single_server(world, 0);
    world.connect();
    before = world.used(PoolKind::connections);
    CHECK(before < 8192);
  }
  {
    ClusterWorld world(options);
    world.connect();
    CHECK(world.used(PoolKind::connections) > before + 34'000);
  }
  ClusterWorld world(options);
  const AccountHandle other = world.budget().open_account(PoolKind::connections);
  std::size_t taken = 0;
  while (other->charge(1024)) taken += 1024;
  other->release(16 * 1024);
  world.push(1, "a");
  world.connect();
  CHECK(world.take_events() == Lines{"closed: out_of_memory"});
  const Error problem = world.client().statistics().last_problem;
  CHECK(problem.value > 34'000);
  CHECK(problem.limit < 34'000);
  CHECK(world.outcome(1) == "lost_unsent (no)");
  other->release(taken - 16 * 1024);
}

TEST_CASE("of several addresses any node will do, also a replica, and all are seeds") {
  ClusterWorldOptions options = knowing_nothing({.primary_only = true});
  options.primaries = 2;
  options.with_replicas = true;
  options.seeds = {ClusterWorld::port(2), ClusterWorld::port(3)};
  ClusterWorld world(options);
  world.push(1, "a");
  world.connect();
  CHECK(world.take_events() == Lines{"ready"});
  CHECK(world.outcome(1) == "1");
  CHECK((world.main_address() == ClusterWorld::port(2) ||
         world.main_address() == ClusterWorld::port(3)));
  CHECK(world.attempts_at(ClusterWorld::port(2)) + world.attempts_at(ClusterWorld::port(3)) == 1);
  world.verify();
}

TEST_CASE("a single server is not replaced by a node of a cluster") {
  ClusterWorld world(knowing_nothing());
  become_single_server(world, 0);
  world.connect();
  world.take_events();
  become_node(world, 0);
  world.push(1, "a");
  world.cut(node0);
  world.advance(1s);
  CHECK(world.take_events() == Lines{"disconnected: connection_lost", "closed: connect_failed"});
  CHECK(has(world.client().statistics().last_problem, "a new client, which finds the cluster"));
  CHECK(world.client().cluster() == nullptr);
}

TEST_CASE("a node is not replaced by a single server, and is found again when it is back") {
  const bool is_main = GENERATE(true, false);
  const Knows knows = GENERATE(Knows::nothing, Knows::cluster);
  ClusterWorldOptions options = knowing_nothing();
  options.knows = knows;
  ClusterWorld world(options);
  world.connect();
  world.push(1, "a");
  world.push(2, "b");
  world.run();
  const NodeIndex number = is_main ? 0 : 2;
  become_single_server(world, number);
  world.cut(world.address(number));
  world.take_events();
  world.push(3, is_main ? "b" : "a");
  world.push(4, is_main ? "a" : "b");
  world.advance(1s);
  CHECK(world.outcome(3).empty());
  CHECK(world.outcome(4) == "2");
  CHECK(world.client().statistics().state != Session::State::closed);
  become_node(world, number);
  world.advance(5s);
  CHECK(world.outcome(3) == "2");
  world.verify();
}

// A server that speaks RESP2, for clients that ask for it.
std::string say_in_resp2(const Words& request, const std::string& mode) {
  if (request == Words{"CLIENT", "ID"}) return ":7\r\n";
  if (request[0] != "HELLO") return Peer::default_reply(request);
  if (mode.empty()) return "-ERR unknown command 'HELLO'\r\n";
  if (mode == "forbidden") return "-NOPERM this user has no permissions to run 'hello'\r\n";
  CHECK(request == Words{"HELLO", "2"});
  return "*6\r\n$5\r\nproto\r\n:2\r\n$4\r\nmode\r\n" + bulk_reply(mode) +
         "$4\r\nrole\r\n$6\r\nmaster\r\n";
}

TEST_CASE("in RESP2 the mode is asked for, too, and need not be known") {
  struct Row {
    std::string mode;
    Lines events;
  };
  const std::vector<Row> rows{
      {"standalone", {"ready"}},
      {"", {"ready"}},
      {"forbidden", {"ready"}},
      {"sentinel", {"closed: invalid_option"}},
      {"cluster", {"closed: invalid_option"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.mode);
    const std::string_view host = "10.0.0.1";
    const ClusterOptions through_bridge{.seed_hosts = {&host, 1},
                                        .reach = ClusterOptions::Reach::bridge};
    Pair pair(ClientOptions{.protocol = Protocol::resp2});
    pair.peer.set_script([&](const Words& request) { return say_in_resp2(request, row.mode); });
    pair.end.client().find_cluster(through_bridge);
    pair.end.connect();
    pair.drive();
    Lines events;
    for (const std::string& event : pair.end.take_events()) {
      events.push_back(event.substr(0, event.find(" ", event.find(": ") + 2)));
    }
    CHECK(events == row.events);
  }
}

TEST_CASE("a client that is not to find a cluster sends in RESP2 what it always did") {
  Pair pair(ClientOptions{.protocol = Protocol::resp2});
  pair.peer.set_script([](const Words& request) { return say_in_resp2(request, "cluster"); });
  pair.end.connect();
  pair.drive();
  CHECK(pair.end.take_events() == Lines{"ready"});
  for (const Words& request : pair.peer.requests()) CHECK(request[0] != "HELLO");
}

TEST_CASE("a client may be closed or aborted at any moment on its way into a cluster") {
  const bool is_abort = GENERATE(true, false);
  for (int steps = 0; steps < 12; ++steps) {
    ClusterWorld world(knowing_nothing());
    world.delay = [] { return 1ms; };
    world.push(1, "a");
    world.submit(2, {"FLUSHALL"});
    world.submit(3, {"ECHO", "ship"});
    world.connect();
    world.advance(steps * 1ms);
    is_abort ? world.client().abort() : world.client().close(world.now());
    world.advance(3s);
    CHECK(world.pending_count() == 0);
    world.verify();
  }
}

}  // namespace
}  // namespace plimsoll::testing::cluster_found_test
