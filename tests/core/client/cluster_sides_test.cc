#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/core/client/cluster_world.h"

// Commands that block, exclusive connections and shard channels of a client of a cluster, while
// slots move and nodes come and go. cluster_sides_random_test.cc does the same by lot.

namespace plimsoll::testing::cluster_sides_test {
namespace {

using namespace std::chrono_literals;

// "b" is in slot 3300, which belongs to node 0 of three.
constexpr unsigned slot = 3300;
constexpr Duration for_ever = Duration::zero();
const std::string ok = "simple \"OK\"";

ClusterWorldOptions with(std::uint32_t connections_max, bool with_replicas = false) {
  ClusterWorldOptions options{.with_replicas = with_replicas,
                              .seeds = {ClusterWorld::port(0), ClusterWorld::port(1)}};
  options.client.blocking_connections_max = connections_max;
  return options;
}

struct World : ClusterWorld {
  explicit World(ClusterWorldOptions options = with(8)) : ClusterWorld(options) {
    connect();
    advance(100ms);
  }

  void pop(Tag tag, const std::string& key = "b", const std::string& seconds = "0") {
    submit(tag, {"BLPOP", key, seconds}, 1s);
    advance(20ms);
  }
  std::size_t blocked_at(NodeIndex number) { return model().sessions().blocked_count(number); }
  void move(NodeIndex to) {
    model().move_atomically(slot, to);
    model().tell_all();
  }
  ConnectionId exclusive() { return client().open_exclusive(now()).value(); }
  std::string run_on(ConnectionId connection, Tag tag, const std::vector<Words>& commands) {
    submit_to(connection, tag, commands);
    advance(50ms);
    return outcome(tag);
  }
};

// ---- Commands that block.

TEST_CASE("a command blocks at the owner of its key until there is an element") {
  World world;
  world.pop(1);
  CHECK(world.blocked_at(0) == 1);
  CHECK(world.outcome(1).empty());
  world.push(2, "b");
  world.advance(20ms);
  CHECK(world.outcome(1) == "[\"b\", \"2\"]");
}

TEST_CASE("a command whose time is over ends with null") {
  World world;
  world.pop(1, "b", "0.2");
  CHECK(world.blocked_at(0) == 1);
  world.advance(190ms);
  CHECK(world.outcome(1) == "null");
}

TEST_CASE("a command that is cancelled blocks no more, and its connection serves the next one") {
  World world;
  world.pop(1);
  world.cancel(*world.id_of(1));
  world.advance(20ms);
  CHECK(world.outcome(1).starts_with("cancelled"));
  CHECK(world.blocked_at(0) == 0);
  const std::size_t attempts = world.attempts();
  world.pop(2);
  CHECK(world.attempts() == attempts);
  CHECK(world.blocked_at(0) == 1);
}

TEST_CASE("a command goes on to the slot's next owner for the rest of its time, not for longer") {
  World world;
  world.pop(1, "b", "1");
  world.advance(400ms);
  world.move(1);
  world.advance(50ms);
  CHECK(world.blocked_at(0) == 0);
  CHECK(world.blocked_at(1) == 1);
  world.advance(480ms);
  CHECK(world.outcome(1).empty());
  world.advance(100ms);
  CHECK(world.outcome(1) == "null");
  CHECK(world.blocked_at(1) == 0);
}

TEST_CASE("a command that has gone on can be cancelled") {
  World world;
  world.pop(1);
  world.move(1);
  world.advance(50ms);
  world.cancel(*world.id_of(1));
  world.advance(50ms);
  CHECK(world.outcome(1).starts_with("cancelled"));
  CHECK(world.blocked_at(1) == 0);
}

TEST_CASE("a command whose time ends while nothing comes from its second node ends with null") {
  World world;
  world.pop(1, "b", "1");
  world.move(1);
  world.advance(50ms);
  world.hold_answers(world.address(1));
  world.advance(950ms);  // CLIENT UNBLOCK is under way
  world.let_answers_go(world.address(1));
  world.advance(50ms);
  CHECK(world.outcome(1) == "null");
}

TEST_CASE("a command whose time ends just when its slot moves once more goes no further") {
  World world;
  world.pop(1, "b", "1");
  world.move(1);
  world.advance(50ms);
  world.freeze(world.address(1));
  world.advance(950ms);
  CHECK(world.outcome(1).empty());  // the node has CLIENT UNBLOCK before it
  world.move(2);
  world.wake(world.address(1));
  world.advance(100ms);
  CHECK(world.outcome(1).starts_with("timed_out"));
  CHECK(world.last_error().executed == Executed::no);
}

TEST_CASE("a command blocks on where the owner hands over to its replica") {
  World world(with(8, true));
  const bool closes = GENERATE(true, false);
  world.model().sessions().closes_when_demoted = closes;
  world.pop(1);
  world.model().replicate(0);
  const NodeIndex promoted = world.model().promote_replica_of(0);
  world.model().tell_all();
  world.advance(200ms);
  CHECK(world.outcome(1).empty());
  CHECK(world.blocked_at(promoted) == 1);
  world.push(2, "b");
  world.advance(50ms);
  CHECK(world.outcome(1) == "[\"b\", \"2\"]");
}

TEST_CASE("a node that takes no further connection is not asked for one again and again") {
  World world;
  world.call(1, {"GET", "b"});
  world.node(0).refused["HELLO"] = "-ERR max number of clients reached\r\n";
  const std::size_t before = world.attempts_at(world.address(0));
  world.submit(2, {"BLPOP", "b", "0"}, for_ever);
  world.advance(10s);
  CHECK(world.attempts_at(world.address(0)) - before < 100);
  world.node(0).refused.clear();
  world.advance(1s);
  if (world.outcome(2).empty()) CHECK(world.blocked_at(0) == 1);
}

TEST_CASE("a node at which no further connection can be opened is not dialled all the time") {
  World world;
  world.call(1, {"GET", "b"});
  world.delay = [] { return Duration(100us); };
  const std::size_t before = world.attempts_at(world.address(0));
  world.pop(2);
  CHECK(world.blocked_at(0) == 1);
  CHECK(world.attempts_at(world.address(0)) - before == 1);
}

TEST_CASE("a command may follow its slot any number of times, if it blocked long enough between") {
  World world;
  world.pop(1);
  for (int i = 0; i < 40; ++i) {
    world.move(i % 2 == 0 ? 1 : 2);
    world.advance(3s);
  }
  CHECK(world.outcome(1).empty());
  world.push(2, "b");
  world.advance(50ms);
  CHECK(world.outcome(1) == "[\"b\", \"2\"]");
}

TEST_CASE("a command that a slot's next owner blocked by ASK leaves it when that is replaced") {
  World world(with(8, true));
  world.model().start_migration(slot, 1);
  world.pop(1);
  CHECK(world.blocked_at(1) == 1);
  world.model().finish_at_target(slot);
  world.model().finish_at_source(slot);
  world.model().tell_all();
  world.advance(100ms);
  world.freeze(world.address(1));
  world.model().replicate(1);
  const NodeIndex promoted = world.model().promote_replica_of(1);
  for (NodeIndex each = 0; each < 6; ++each) {
    if (each != 1) world.model().tell(each);
  }
  // Something else makes the client hear of it.
  world.submit(2, {"GET", "b"}, 20s);
  world.advance(10s);
  CHECK(world.outcome(2) == "null");
  CHECK(world.outcome(1).starts_with("lost_in_doubt"));
  CHECK(promoted == 4);
}

TEST_CASE("while no node can be asked, a command that waits for one lets the client sleep") {
  World world;
  for (NodeIndex each = 0; each < 3; ++each) world.kill(world.address(each));
  world.submit(1, {"BLPOP", "b", "0"}, for_ever);
  world.advance(5s);  // fails if the client wants to be called again and again
  for (NodeIndex each = 0; each < 3; ++each) world.revive(world.address(each));
  world.advance(5s);
  CHECK(world.blocked_at(0) == 1);
}

// ---- Exclusive connections.

TEST_CASE("what is watched and has changed is not committed") {
  World world;
  const ConnectionId own = world.exclusive();
  CHECK(world.run_on(own, 1, {{"WATCH", "b"}}) == ok);
  world.call(2, {"SET", "b", "theirs"});
  CHECK(world.run_on(own, 3, {{"SET", "b", "mine"}, {"GET", "b"}}) == "null");
  CHECK(world.run_on(own, 4, {{"WATCH", "b"}}) == ok);
  CHECK(world.run_on(own, 5, {{"SET", "b", "mine"}, {"GET", "b"}}) == "[" + ok + ", \"mine\"]");
}

TEST_CASE("what one user has watched does not hinder the next one on the same connection") {
  World world;
  const ConnectionId first = world.exclusive();
  CHECK(world.run_on(first, 1, {{"WATCH", "b"}}) == ok);
  world.client().release(first, world.now());
  world.advance(50ms);
  world.call(2, {"SET", "b", "theirs"});
  const std::size_t attempts = world.attempts();
  const ConnectionId next = world.exclusive();
  CHECK(world.run_on(next, 3, {{"SET", "b", "mine"}, {"GET", "b"}}) == "[" + ok + ", \"mine\"]");
  CHECK(world.attempts() == attempts);
}

TEST_CASE("without a new WATCH a transaction does not follow the slot that was watched") {
  World world;
  const ConnectionId own = world.exclusive();
  world.run_on(own, 1, {{"WATCH", "b"}});
  world.move(1);
  CHECK(world.run_on(own, 2, {{"GET", "b"}}).starts_with("error"));
  // A transaction without a new WATCH is not led to the new owner, where nothing is watched.
  CHECK(world.run_on(own, 3, {{"SET", "b", "mine"}, {"GET", "b"}}).starts_with("error"));
  CHECK(world.call(4, {"GET", "b"}) == "null");
}

TEST_CASE("after UNWATCH an exclusive user can begin anew where the slot is now") {
  World world;
  const ConnectionId own = world.exclusive();
  world.run_on(own, 1, {{"WATCH", "b"}});
  world.move(1);
  CHECK(world.run_on(own, 2, {{"GET", "b"}}).starts_with("error"));
  CHECK(world.last_error().executed == Executed::no);
  CHECK(world.run_on(own, 3, {{"UNWATCH"}}) == ok);
  CHECK(world.run_on(own, 4, {{"WATCH", "b"}}) == ok);
  CHECK(world.run_on(own, 5, {{"SET", "b", "mine"}, {"GET", "b"}}) == "[" + ok + ", \"mine\"]");
}

TEST_CASE("an exclusive user may do what the error says: the same once more, from WATCH on") {
  World world;
  const ConnectionId own = world.exclusive();
  world.run_on(own, 1, {{"WATCH", "b"}});
  world.move(1);
  CHECK(world.run_on(own, 2, {{"GET", "b"}}).starts_with("error"));
  CHECK(world.run_on(own, 3, {{"WATCH", "b"}}) == ok);
  CHECK(world.run_on(own, 4, {{"SET", "b", "mine"}, {"GET", "b"}}) == "[" + ok + ", \"mine\"]");
}

TEST_CASE("an exclusive user's commands for one slot keep their order") {
  World world;
  // The first connection takes its time, others do not.
  const ConnectionId own = world.exclusive();
  world.call(4, {"GET", "b"});
  world.call(5, {"GET", "c"});
  world.delay = [first = true]() mutable {
    return std::exchange(first, false) ? Duration(50ms) : Duration::zero();
  };
  world.submit_to(own, 1, {{"RPUSH", "b", "1"}});
  world.submit_to(own, 2, {{"RPUSH", "c", "2"}});
  world.submit_to(own, 3, {{"RPUSH", "b", "3"}});
  world.advance(1s);
  std::vector<std::string> order;
  for (const auto& run : world.model().runs()) {
    if (run.words[0] == "RPUSH" && run.words[1] == "b") order.push_back(run.words[2]);
  }
  CHECK(order == std::vector<std::string>{"1", "3"});
}

TEST_CASE("a place is kept for an exclusive user who has not said yet where he goes") {
  World world(with(2));
  world.pop(1, "b", "0.01");
  world.pop(2, "c", "0.01");
  CHECK(world.outcome(2) == "null");
  const ConnectionId own = world.exclusive();
  world.pop(3, "b");
  world.pop(4, "c");
  CHECK(world.outcome(4).starts_with("refused with rejected_by_limit"));
  CHECK(world.run_on(own, 5, {{"GET", "a"}}) == "null");
}

// ---- Shard channels.

TEST_CASE("a subscription follows its slot and tells of the gap") {
  World world;
  const ConnectionId heard = world.client().open_subscription(world.now()).value();
  world.subscribe(heard, 1, {"b"});
  world.advance(50ms);
  CHECK(world.model().sessions().subscribers(0, "b") == 1);
  world.move(1);
  world.advance(50ms);
  CHECK(world.model().sessions().subscribers(1, "b") == 1);
  std::uint64_t gaps = 0;
  world.on_event = [&](const Event& event) {
    if (event.tag == 2) gaps = world.client().messages_missed().gaps;
  };
  world.next_message(heard, 2);
  world.call(3, {"SPUBLISH", "b", "news"});
  world.advance(50ms);
  CHECK(world.outcome(2) == "push [\"smessage\", \"b\", \"news\"]");
  CHECK(gaps > 0);
}

TEST_CASE("a shard channel is not given up while two nodes send its subscriber to each other") {
  ClusterWorldOptions options = with(8);
  options.redirects_max = 2;
  World world(options);
  const ConnectionId heard = world.client().open_subscription(world.now()).value();
  world.subscribe(heard, 1, {"b"});
  world.advance(50ms);
  world.model().start_migration(slot, 1);
  world.model().finish_at_source(slot);
  world.advance(5s);
  world.model().finish_at_target(slot);
  world.model().tell_all();
  world.advance(2s);
  CHECK(world.model().sessions().subscribers(1, "b") == 1);
  CHECK(world.client().subscription_statistics(heard).refused == 0);
}

TEST_CASE("an unsubscription that meets a move is answered twice, and the next answer is right") {
  World world;
  const ConnectionId heard = world.client().open_subscription(world.now()).value();
  world.subscribe(heard, 1, {"b", "{b}1"});
  world.advance(50ms);
  world.hold_answers(world.address(0));
  world.move(1);
  world.unsubscribe(heard, 2, {"{b}1"});
  world.send();
  world.let_answers_go(world.address(0));
  world.advance(100ms);
  CHECK_FALSE(world.outcome(2).empty());
  CHECK(world.model().sessions().subscribers(1, "b") == 1);
  CHECK(world.model().sessions().subscribers(1, "{b}1") == 0);
  world.subscribe(heard, 3, {"{b}1"});
  world.advance(50ms);
  CHECK(world.history().has_succeeded(3));
  CHECK(world.model().sessions().subscribers(1, "{b}1") == 1);
}

TEST_CASE("a subscription is confirmed although its owner dies before it answers") {
  World world(with(8, true));
  const ConnectionId heard = world.client().open_subscription(world.now()).value();
  world.call(1, {"GET", "b"});
  world.hold_answers(world.address(0));
  world.subscribe(heard, 2, {"b"}, 20s);
  world.send();
  world.kill(world.address(0));
  world.let_answers_go(world.address(0));
  world.model().replicate(0);
  const NodeIndex promoted = world.model().promote_replica_of(0);
  world.model().tell_all();
  world.advance(5s);
  CHECK(world.history().has_succeeded(2));
  CHECK(world.model().sessions().subscribers(promoted, "b") == 1);
}

}  // namespace
}  // namespace plimsoll::testing::cluster_sides_test
