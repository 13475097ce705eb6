#include <array>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/fleet.h"
#include "plimsoll/tests/core/client/pair.h"

// A client with several addresses: in which order it tries them, when it waits, and when it gives
// up.

namespace plimsoll::client_seeds_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::ClientEnd;
using testing::Fleet;
using testing::handshake_replies;
using testing::hello_reply;
using testing::Lines;
using testing::Pair;
using testing::Words;

std::set<std::uint32_t> distinct(const std::vector<std::uint32_t>& seeds) {
  return {seeds.begin(), seeds.end()};
}

std::string hello_of_replica() {
  std::string reply = hello_reply;
  return reply.replace(reply.find("$6\r\nmaster"), 10, "$7\r\nreplica");
}

const ClientOptions three{.seeds_count = 3, .primary_only = true};

TEST_CASE("all addresses are tried at once, one after the other, before the client waits") {
  ClientEnd end(three);
  end.connect();
  for (std::size_t attempt = 1; attempt <= 3; ++attempt) {
    REQUIRE(end.link() == ClientEnd::Link::opening);
    CHECK(end.seeds().size() == attempt);
    end.refuse();
  }
  CHECK(distinct(end.seeds()).size() == 3);
  CHECK(end.link() == ClientEnd::Link::none);
  CHECK(end.poll_timeout() > end.now());
  end.wait_for_open();
  CHECK(end.seeds().size() == 4);
  CHECK(end.client().statistics().counters.attempts_failed == 3);
}

TEST_CASE("clients with other seeds try the addresses in another order") {
  std::set<std::vector<std::uint32_t>> orders;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    ClientOptions options = three;
    options.random_seed = seed;
    ClientEnd end(options);
    end.connect();
    for (int i = 0; i < 2; ++i) {
      end.refuse();
    }
    orders.insert(end.seeds());
    end.abort();
  }
  CHECK(orders.size() == 6);
}

TEST_CASE("an address that does not answer leaves time for the others") {
  ClientOptions options = three;
  options.connect_timeout = 3s;
  ClientEnd end(options);
  end.connect();
  end.advance(999ms);
  CHECK(end.seeds().size() == 1);
  end.advance(1ms);
  CHECK(end.actions() == Lines{"open", "close", "open"});
  // What the first did not use of its time is left to the others.
  end.refuse();
  CHECK(end.seeds().size() == 3);
  end.advance(1999ms);
  CHECK(end.take_events().empty());
  end.advance(1ms);
  CHECK(end.take_events() == Lines{"closed: connect_failed"});
  CHECK(distinct(end.seeds()).size() == 3);
}

TEST_CASE("an address that would fail again is followed by the next, until all have failed so") {
  Pair pair(three);
  pair.peer.set_script([](const Words&) { return "-WRONGPASS no\r\n"; });
  pair.end.connect();
  pair.drive();
  CHECK(pair.end.take_events() == Lines{"closed: authentication_failed error \"WRONGPASS no\""});
  CHECK(distinct(pair.end.seeds()).size() == 3);
  CHECK(pair.end.seeds().size() == 3);
}

TEST_CASE("one address that may recover keeps the client trying") {
  Pair pair(three);
  pair.peer.set_script([](const Words&) { return "-WRONGPASS no\r\n"; });
  pair.end.connect();
  pair.end.refuse();
  pair.drive();
  pair.drive();
  CHECK(pair.end.take_events().empty());
  CHECK(pair.end.state() == Session::State::waiting);
}

TEST_CASE("of several addresses the primary's is found") {
  Pair pair(three);
  int primary_after = 2;
  pair.peer.set_script([&](const Words& request) {
    if (request[0] != "HELLO") return testing::Peer::default_reply(request);
    return --primary_after >= 0 ? hello_of_replica() : hello_reply;
  });
  pair.end.connect();
  pair.drive();
  CHECK(pair.end.take_events() == Lines{"ready"});
  CHECK(pair.end.seeds().size() == 3);
}

TEST_CASE("if all are replicas, the client goes on until one is promoted, or says what is wrong") {
  ClientOptions options{.connect_timeout = 1s, .seeds_count = 2, .primary_only = true};
  Pair pair(options);
  pair.peer.set_script([](const Words&) { return hello_of_replica(); });
  pair.end.connect();
  while (pair.end.state() != Session::State::closed) {
    if (pair.end.link() == ClientEnd::Link::opening) pair.drive();
    if (pair.end.state() == Session::State::waiting) {
      pair.end.advance(pair.end.poll_timeout() - pair.end.now());
    }
  }
  CHECK(pair.end.take_events() == Lines{"closed: read_only_replica"});
  CHECK(pair.end.seeds().size() > 3);
}

TEST_CASE("a replica is a server like any other if it has the only address") {
  Pair pair;
  pair.peer.set_script([](const Words& request) {
    return request[0] == "HELLO" ? hello_of_replica() : testing::Peer::default_reply(request);
  });
  pair.connect();
}

TEST_CASE("after a loss, a round through all addresses is one attempt") {
  ClientOptions options = three;
  options.reconnect_attempts_max = 2;
  Pair pair(options);
  pair.connect();
  const std::size_t before = pair.end.seeds().size();
  pair.end.break_off();
  CHECK(pair.end.take_events() == Lines{"disconnected: connection_lost"});
  for (int attempt = 0; attempt < 6; ++attempt) {
    pair.end.wait_for_open();
    pair.end.refuse();
  }
  CHECK(pair.end.take_events() == Lines{"closed: connect_failed"});
  CHECK(pair.end.seeds().size() == before + 6);
}

// A primary of several addresses that becomes a replica: it refuses writes, and answers reads.
struct Demoted : Pair {
  Demoted() : Pair(three) {
    peer.set_script([this](const Words& request) {
      if (request[0] == "HELLO") return is_replica ? hello_of_replica() : hello_reply;
      if (request[0] == "SET" && is_replica) {
        return std::string("-READONLY You can't write against a read only replica.\r\n");
      }
      return testing::Peer::default_reply(request);
    });
    connect();
  }

  bool is_replica = false;
};

TEST_CASE("a primary that has become a replica is left, once what was sent to it is answered") {
  Demoted pair;
  pair.is_replica = true;
  pair.end.submit(1, {"SET", "ship", "a"});
  pair.end.submit(2, {"ECHO", "two"});
  pair.peer.handle_bytes(pair.end.write());
  const std::string replies = pair.peer.take_output();
  const std::size_t first = replies.find("\r\n") + 2;
  pair.end.receive(replies.substr(0, first));
  CHECK(pair.end.take_events() ==
        Lines{"1: error \"READONLY You can't write against a read only replica.\""});
  pair.end.submit(3, {"SET", "ship", "b"});
  CHECK(pair.end.write().empty());
  pair.end.receive(replies.substr(first));
  CHECK(pair.end.take_events() == Lines{"2: \"two\"", "disconnected: connection_lost"});
  pair.is_replica = false;
  pair.end.wait_for_open();
  pair.drive();
  CHECK(pair.end.take_events() == Lines{"ready", "3: simple \"OK\""});
}

TEST_CASE("a replica that owes replies is left in the end, with these in doubt") {
  Demoted pair;
  pair.is_replica = true;
  pair.end.submit(1, {"SET", "ship", "a"}, 60s);
  pair.end.submit(2, {"ECHO", "two"}, 60s);
  pair.peer.handle_bytes(pair.end.write());
  const std::string replies = pair.peer.take_output();
  pair.end.receive(replies.substr(0, replies.find("\r\n") + 2));
  pair.end.take_events();
  pair.end.advance(ClientOptions().tombstone_age_max);
  CHECK(pair.end.take_events() ==
        Lines{"disconnected: connection_lost", "2: lost_in_doubt (maybe)"});
}

TEST_CASE("a half sent transaction to a primary that has become a replica is sent to the next") {
  Demoted pair;
  pair.is_replica = true;
  pair.end.submit(1, {"SET", "ship", "a"}, 60s);
  pair.peer.handle_bytes(pair.end.write());
  CommandView both = CommandView::from_encoded(
      "*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*1\r\n$4\r\nEXEC\r\n");
  both.answers = 3;
  pair.end.submit_command(2, both, 60s);
  const std::string bytes = pair.end.begin_write();
  pair.end.end_write(bytes.size() / 2);
  pair.end.receive(pair.peer.take_output());
  CHECK(pair.end.take_events() ==
        Lines{"1: error \"READONLY You can't write against a read only replica.\"",
              "disconnected: connection_lost"});
}

TEST_CASE("a client that closes while it leaves a replica does not wait for what is not sent") {
  Demoted pair;
  pair.is_replica = true;
  pair.end.submit(1, {"SET", "ship", "a"}, 60s);
  pair.end.submit(2, {"ECHO", "two"}, 60s);
  pair.peer.handle_bytes(pair.end.write());
  const std::string replies = pair.peer.take_output();
  const std::size_t first = replies.find("\r\n") + 2;
  pair.end.receive(replies.substr(0, first));
  pair.end.submit(3, {"ECHO", "three"}, 60s);
  pair.end.close();
  pair.end.receive(replies.substr(first));
  pair.drive();
  CHECK(pair.end.take_events() ==
        Lines{"1: error \"READONLY You can't write against a read only replica.\"", "2: \"two\"",
              "3: \"three\"", "closed: closed"});
}

TEST_CASE("a client with one address stays with a replica") {
  Pair pair;
  pair.connect();
  pair.peer.set_script([](const Words&) { return "-READONLY no\r\n"; });
  pair.end.submit(1, {"SET", "ship", "a"});
  pair.drive();
  CHECK(pair.end.take_events() == Lines{"1: error \"READONLY no\""});
  CHECK(pair.end.actions() == Lines{"open"});
}

// The server at each address of a fleet; one of them has no server.
struct Addresses : Fleet {
  explicit Addresses(const ClientOptions& options = {.seeds_count = 2}) : Fleet(options) {
    set_script([](std::uint32_t, const Words& request) {
      if (request[0] == "SUBSCRIBE") {
        return ">3\r\n$9\r\nsubscribe\r\n" + bulk_reply(request[1]) + ":1\r\n";
      }
      return std::string("+OK\r\n");
    });
    connect();
  }

  // Loses the main connection until it has another address than `seed`.
  void leave(std::uint32_t seed) {
    while (seed_of(0) == seed) {
      break_off(0);
      while (!is_open(0)) {
        advance_to_timeout();
        drive();
      }
    }
  }
};

TEST_CASE("side connections go where the main connection is, and subscriptions follow it") {
  Addresses fleet;
  const std::uint32_t first = fleet.seed_of(0);
  const ConnectionId subscription = fleet.client().open_subscription(fleet.now()).value();
  constexpr std::array<std::string_view, 1> names{"news"};
  fleet.note(1, fleet.client().subscribe(subscription, SubscriptionKind::channel, names,
                                         fleet.now(), 0s, 1));
  fleet.settle();
  fleet.drive();
  CHECK(fleet.seed_of(1) == first);
  fleet.take_requests(1);

  fleet.leave(first);
  while (fleet.seed_of(1) == first) {
    fleet.advance_to_timeout();
    fleet.drive();
  }
  fleet.drive();
  CHECK(fleet.seed_of(1) == fleet.seed_of(0));
  CHECK(fleet.take_requests(1) == Lines{"SUBSCRIBE news"});
  CHECK(fleet.client().subscription_statistics(subscription).gaps == 1);
}

TEST_CASE("a replica that an exclusive connection still has is no reason to leave the primary") {
  Addresses fleet({.seeds_count = 2, .primary_only = true});
  const std::uint32_t first = fleet.seed_of(0);
  const ConnectionId exclusive = fleet.client().open_exclusive(fleet.now()).value();
  fleet.settle();
  fleet.drive();
  REQUIRE(fleet.seed_of(1) == first);
  fleet.leave(first);
  fleet.take_events();
  fleet.set_script([](std::uint32_t index, const Words&) {
    return std::string(index == 1 ? "-READONLY no\r\n" : "+OK\r\n");
  });
  const std::array<std::string_view, 3> words{"SET", "ship", "a"};
  CommandView set;
  set.args = words;
  fleet.note(1, fleet.client().submit_to(exclusive, set, fleet.now(), 60s, 1));
  fleet.drive();
  CHECK(fleet.take_events() == Lines{"1: error \"READONLY no\" read_only_replica (no)"});
  CHECK(fleet.is_open(0));
}

TEST_CASE("a command that blocks does not wait for an address that the main connection gave up") {
  Addresses fleet;
  const std::uint32_t first = fleet.seed_of(0);
  fleet.refuse_connections();
  fleet.break_off(0);
  do {  // until the main connection asks for the other address
    fleet.drive();
    fleet.advance_to_timeout();
  } while (fleet.seed_of(0) == first);
  const std::array<std::string_view, 3> words{"BLPOP", "list", "0"};
  CommandView pop;
  pop.args = words;
  pop.block_time = Duration::max();
  fleet.note(1, fleet.client().submit(pop, fleet.now(), 60s, 1));
  REQUIRE(fleet.seed_of(1) != first);
  fleet.ignore(1);
  do {  // until it asks for the first one again
    fleet.drive();
    fleet.advance_to_timeout();
  } while (fleet.seed_of(0) != first);
  fleet.accept_connections();
  fleet.drive();
  REQUIRE(fleet.is_open(0));
  CHECK(fleet.seed_of(1) == first);
  fleet.take_events();
  fleet.heed(1);
  fleet.drive();
  CHECK(fleet.take_events() == Lines{"1: simple \"OK\""});
}

TEST_CASE("a subscription survives an address that the main connection has to pass by") {
  Addresses fleet;
  const ConnectionId subscription = fleet.client().open_subscription(fleet.now()).value();
  constexpr std::array<std::string_view, 1> names{"news"};
  fleet.note(1, fleet.client().subscribe(subscription, SubscriptionKind::channel, names,
                                         fleet.now(), 0s, 1));
  fleet.settle();
  fleet.drive();
  fleet.take_requests(1);
  fleet.take_events();

  fleet.ignore(0);  // the main connection goes on trying its address
  fleet.break_off(0);
  fleet.break_off(1);
  fleet.set_greeting("-WRONGPASS this server has other users\r\n");
  for (int i = 0; i < 6; ++i) {
    fleet.advance_to_timeout();
    fleet.drive();
  }
  fleet.set_greeting({});
  fleet.heed(0);
  for (int i = 0; i < 100 && !(fleet.is_open(0) && fleet.is_open(1)); ++i) {
    REQUIRE(fleet.poll_timeout() != never);
    fleet.advance_to_timeout();
    fleet.drive();
  }
  CHECK(fleet.take_requests(1) == Lines{"SUBSCRIBE news"});
}

}  // namespace
}  // namespace plimsoll::client_seeds_test
