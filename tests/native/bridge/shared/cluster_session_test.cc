// Sessions in front of a real cluster whose slots move and whose primaries die: the order of their
// requests, the count of their replies, and what the bridge's cache shows.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/shared/keeping_peer.h"
#include "plimsoll/tests/native/bridge/shared/session_peer.h"
#include "plimsoll/tests/native/cluster/cached_world.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/support/cluster.h"

namespace plimsoll::testing::cluster_session_test {
namespace {

using boost::asio::use_future;

native::Options of_cluster() {
  native::Options options = cluster_options();
  options.topology = TopologyChoice::cluster;
  return options;
}

native::Options with_cache() {
  native::Options options = of_cluster();
  options.client_side_cache = make_cluster_cache();
  return options;
}

std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

// The next lines that a session gets.
class Lines {
 public:
  explicit Lines(SessionPeer& peer) : peer_(peer) {}

  /// Whether there is one now.
  bool take(std::string& line) {
    peer_.receive(received_);
    const std::size_t end = received_.find("\r\n", at_);
    if (end == received_.npos) return false;
    line = received_.substr(at_, end - at_);
    at_ = end + 2;
    return true;
  }

 private:
  SessionPeer& peer_;
  std::string received_;
  std::size_t at_ = 0;
};

std::string wait_for_line(SharedWorld& world, Lines& lines) {
  std::string line;
  REQUIRE(world.run_until([&] { return lines.take(line); }));
  return line;
}

// Moves of a slot from node to node, in a thread of their own.
class Moves {
 public:
  static constexpr std::size_t count = 6;

  /// Calls `between` in front of each move and behind the last, in the other thread.
  Moves(
      ClusterGroup& group, std::uint16_t slot, const std::function<void()>& between = [] {})
      : over_(std::async(std::launch::async, [&group, slot, between] {
          for (std::size_t i = 0; i < count; ++i) {
            between();
            const std::size_t to = (group.owner_of(slot) + 1) % group.primaries_count();
            group.move_slot(slot, to,
                            i % 2 == 0 ? SlotOrder::target_first : SlotOrder::source_first);
          }
          between();
        })) {}

  bool are_over() const {
    return over_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  /// Throws what a move has thrown.
  void check() { over_.get(); }

 private:
  std::future<void> over_;
};

}  // namespace

TEST_CASE("a session's requests to a slot run once each and in order while the slot moves") {
  constexpr std::uint16_t slot = 600;
  constexpr std::size_t burst = 50;
  constexpr std::size_t pushes_min = 200;
  ClusterGroup& group = shared_cluster();
  SharedWorld world(group.url(), of_cluster());
  SessionPeer peer(world);
  Lines lines(peer);
  const std::string list = key_in(slot, "of a session");
  std::size_t sent = 0;
  std::size_t answered = 0;
  const auto expect_replies = [&](std::size_t until) {
    while (answered < until) {
      REQUIRE(wait_for_line(world, lines) == ":" + std::to_string(++answered));
    }
  };
  Moves moves(group, slot);
  while (sent < pushes_min || !moves.are_over()) {
    std::string pushes;
    for (std::size_t i = 0; i < burst; ++i) pushes += resp("RPUSH", list, std::to_string(sent++));
    peer.begin(pushes);
    // With its first reply the session has taken the burst. The others stay under way.
    expect_replies(sent - burst + 1);
  }
  expect_replies(sent);
  moves.check();
  CHECK(peer.exchange(resp("PING")) == "+PONG\r\n");
  std::string all = "*" + std::to_string(sent) + "\r\n";
  for (std::size_t i = 0; i < sent; ++i) all += bulk(std::to_string(i));
  CHECK((peer.exchange(resp("LRANGE", list, "0", "-1")) == all));
  peer.exchange(resp("DEL", list));
}

TEST_CASE("nothing that the bridge's cache shows is outdated while slots move") {
  constexpr std::uint16_t slot = 700;
  constexpr std::size_t versions_min = 200;
  ClusterGroup& group = shared_cluster();
  SharedWorld world(group.url(), with_cache());
  SessionPeer writer(world);
  SessionPeer reader(world);
  for (SessionPeer* const each : {&writer, &reader}) each->exchange(resp("HELLO", "3"));
  const std::array<std::string, 3> keys = {key_in(slot, "a"), key_in(slot, "b"), key_in(slot, "c")};
  const std::string theirs = key_in(slot, "of another client");
  native::Client other = member_of(group);
  std::size_t written = 0;  // by the other client
  Moves moves(group, slot, [&] { set(other, theirs, std::to_string(++written)); });
  for (std::size_t version = 1; version < versions_min || !moves.are_over(); ++version) {
    const std::string& key = keys[version % keys.size()];
    const bool deletes = version % 4 == 0;
    const std::string number = std::to_string(version);
    writer.exchange(deletes ? resp("DEL", key) : resp("SET", key, number));
    const std::string shown = deletes ? "_\r\n" : bulk(number);
    for (SessionPeer* const each : {&reader, &writer, &reader}) {
      REQUIRE(each->exchange(resp("GET", key)) == shown);
    }
    reader.exchange(resp("GET", theirs));
  }
  moves.check();
  CHECK(written == Moves::count + 1);
  CHECK(eventually(
      [&] { return reader.exchange(resp("GET", theirs)) == bulk(std::to_string(written)); }));
  CHECK(world.counters().cache_hits > 0);
}

TEST_CASE("behind a PING nobody keeps what was overwritten before it, while slots move") {
  constexpr std::uint16_t slot = 900;
  constexpr std::size_t rounds_min = 100;
  ClusterGroup& group = shared_cluster();
  SharedWorld world(group.url(), with_cache());
  std::array<KeepingPeer, 2> peers{KeepingPeer(world), KeepingPeer(world)};
  const std::array<std::string, 5> keys = {key_in(slot, "k1"), key_in(slot, "k2"),
                                           key_in(slot + 1, "k3"), key_in(7'000, "k4"),
                                           key_in(16'000, "k5")};
  native::Client other = member_of(group);
  std::array<std::string, keys.size()> values;
  const auto write = [&](std::size_t key, const std::string& value) {
    set(other, keys[key], value);
    values[key] = value;
  };
  for (std::size_t key = 0; key < keys.size(); ++key) write(key, "first");
  std::size_t checked = 0;
  Moves moves(group, slot);
  for (std::size_t round = 0; round < rounds_min || !moves.are_over(); ++round) {
    for (KeepingPeer& peer : peers) {
      for (const std::string& key : keys) peer.read(key);
      peer.read(keys[0], keys[3]);
    }
    REQUIRE(peers[round % 2].catch_up());
    write(round % keys.size(), std::to_string(round));
    for (KeepingPeer& peer : peers) {
      REQUIRE(peer.prove());
      for (std::size_t key = 0; key < keys.size(); ++key) {
        const auto kept = peer.kept().find(keys[key]);
        if (kept == peer.kept().end()) continue;
        REQUIRE(kept->second == values[key]);
        ++checked;
      }
    }
  }
  moves.check();
  CHECK(checked > rounds_min);
  CHECK(peers[0].invalidations() > 0);
}

TEST_CASE("no update is lost by sessions that watch, read through the cache, and write") {
  constexpr std::uint16_t slot = 800;
  constexpr std::size_t rounds_min = 50;
  ClusterGroup& group = shared_cluster();
  SharedWorld world(group.url(), with_cache());
  SessionPeer one(world);
  SessionPeer two(world);
  const std::string key = key_in(slot, "counter");
  one.exchange(resp("SET", key, "0"));
  for (SessionPeer* const each : {&one, &two}) each->exchange(resp("HELLO", "3"));

  std::size_t counted = 0;
  // The value that was read; empty, if the keys cannot be watched now.
  const auto watch = [&](SessionPeer& peer) {
    const std::string said = peer.exchange(resp("WATCH", key) + resp("GET", key));
    if (said.starts_with("-UNSENT ")) {
      peer.exchange(resp("UNWATCH"));
      return std::string();
    }
    INFO(said);
    REQUIRE(said.starts_with("+OK\r\n$"));
    const std::size_t at = said.find("\r\n", sizeof("+OK\r\n$") - 1) + 2;
    return said.substr(at, said.size() - at - 2);
  };
  const auto commit = [&](SessionPeer& peer, const std::string& read) {
    if (read.empty()) return;
    const std::string next = std::to_string(std::stoul(read) + 1);
    const std::string said = peer.exchange(resp("MULTI") + resp("SET", key, next) + resp("EXEC"));
    INFO(said);
    const std::string outcome = said.substr(std::string_view("+OK\r\n+QUEUED\r\n").size());
    const bool has_run = outcome == "*1\r\n+OK\r\n";
    REQUIRE((has_run || outcome == "_\r\n" || outcome.starts_with("-UNSENT ")));
    if (has_run) ++counted;
  };

  native::Client other = member_of(group);
  std::size_t theirs = 0;
  Moves moves(group, slot, [&] {
    value_of(other.incr(key, use_future));
    ++theirs;
  });
  for (std::size_t round = 0; round < rounds_min || !moves.are_over(); ++round) {
    const std::string read = watch(one);
    const std::string same = watch(two);
    commit(one, read);
    commit(two, same);
    one.exchange(resp("GET", key));
  }
  moves.check();
  CHECK(counted > 0);
  CHECK(one.exchange(resp("STRLEN", key) + resp("INCRBY", key, "0"))
            .ends_with("\r\n:" + std::to_string(counted + theirs) + "\r\n"));
}

TEST_CASE("each request gets one reply when a primary dies, and its replica's replies come next") {
  constexpr std::uint16_t harmed = 0;
  constexpr std::size_t rounds = 30;
  constexpr std::size_t round_of_death = 10;
  constexpr std::size_t times = 10;
  ClusterGroup group({.replicas = 1, .arguments = {"--cluster-require-full-coverage", "no"}});
  SharedWorld world(group.url(), of_cluster());
  SessionPeer peer(world);
  SessionPeer blocked(world);
  SessionPeer queuing(world);
  Lines lines(peer);
  const std::array<std::string, 3> keys = {key_in(harmed), key_in(8'000), key_in(16'383)};
  std::array<std::size_t, 3> counts{};
  for (std::size_t round = 0; round < rounds; ++round) {
    std::string burst;
    for (std::size_t i = 0; i < times; ++i) {
      for (const std::string& key : keys) burst += resp("INCR", key);
    }
    if (round == round_of_death) {
      queuing.begin(resp("MULTI") + resp("INCR", keys[0]));
      queuing.receive_until("+QUEUED\r\n");
      blocked.begin(resp("BLPOP", key_in(harmed, "none"), "0"));
      REQUIRE(world.run_until([&] {
        return group.ask(0, {"INFO", "clients"}).text.find("\nblocked_clients:1\r") !=
               std::string::npos;
      }));
    }
    peer.begin(burst);
    if (round == round_of_death) {
      queuing.begin(resp("EXEC"));
      world.run_one();
      group.kill(0);
    }
    for (std::size_t i = 0; i < times * keys.size(); ++i) {
      const std::size_t key = i % keys.size();
      const std::string line = wait_for_line(world, lines);
      INFO("round " << round << ": " << line);
      if (key != 0 || round < round_of_death) {
        REQUIRE(line == ":" + std::to_string(++counts[key]));
      } else if (round > round_of_death) {
        // Its replica counts from what it had got.
        REQUIRE(line.starts_with(":"));
      } else {
        const bool is_told = line.starts_with(":") ||
                             line.starts_with("-INDOUBT plimsoll-bridge: ") ||
                             line.starts_with("-UNSENT plimsoll-bridge: ");
        REQUIRE(is_told);
      }
    }
  }
  CHECK(peer.exchange(resp("PING")) == "+PONG\r\n");
  const std::string outcome = queuing.exchange(resp("PING"));
  INFO(outcome);
  CHECK((outcome.starts_with("*1\r\n:") || outcome.starts_with("-INDOUBT ") ||
         outcome.starts_with("-UNSENT ")));
  CHECK(outcome.ends_with("\r\n+PONG\r\n"));
  const std::string wait = blocked.exchange(resp("PING"));
  INFO(wait);
  CHECK(wait.starts_with("-INDOUBT plimsoll-bridge: "));
  CHECK(wait.ends_with("\r\n+PONG\r\n"));
}

}  // namespace plimsoll::testing::cluster_session_test
