#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/client/parts_failure.h"
#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/tests/core/client/cluster_world.h"

// Requests with keys of several slots, and requests for every node.
//
// More than 500 lines, because the cases share the keys of three nodes and what they answer.

namespace plimsoll::testing::cluster_parts_test {
namespace {

using namespace std::chrono_literals;

// Of three nodes, 0 has the slot of "b" (3300), 1 that of "c" (7365) and 2 that of "a" (15495).
const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);
const std::string node2 = ClusterWorld::port(2);

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

ClusterWorldOptions with_limit(std::size_t limit, OnLimit overflow = OnLimit::reject) {
  ClusterWorldOptions options{.cross_slot_writes = CrossSlotWrites::split};
  options.client.inflight_requests_limit = limit;
  options.client.inflight_overflow = overflow;
  return options;
}

Words many(const std::string& name, int count) {
  Words words{name};
  for (int i = 0; i < count; ++i) words.push_back("key:" + std::to_string(i));
  return words;
}

std::size_t runs_of(ClusterWorld& world, const std::string& name) {
  const auto& runs = world.model().runs();
  return static_cast<std::size_t>(std::count_if(
      runs.begin(), runs.end(), [&](const auto& run) { return run.words[0] == name; }));
}

TEST_CASE("MGET answers in the order of its keys, whichever nodes have them") {
  ClusterWorld world;
  world.connect();
  for (const char* key : {"a", "b", "c"}) {
    world.call(static_cast<Tag>(key[0]), {"SET", key, std::string("value of ") + key});
  }
  CHECK(world.call(1, {"MGET", "c", "a", "missing", "b", "a", "{b}x"}) ==
        "[\"value of c\", \"value of a\", null, \"value of b\", \"value of a\", null]");
  CHECK(world.cluster().counters().scattered == 1);
  CHECK(world.cluster().counters().parts == 4);
  CHECK(world.cluster().counters().parked == 0);
  CHECK(runs_of(world, "MGET") == 4);
  CHECK(world.cluster().in_flight() == 0);
}

TEST_CASE("a request in parts counts once, and the client's own questions do not count") {
  ClusterWorld world;
  world.connect();
  CHECK(world.client().statistics().counters.completed == 0);
  world.call(1, {"MGET", "a", "b", "c"});
  world.call(2, {"GET", "a"});
  world.call(3, {"LPUSH", "a", "x"});
  world.call(4, {"GET", "a"});  // an error
  const ClientStatistics statistics = world.client().statistics();
  CHECK(statistics.submitted == 4);
  CHECK(statistics.counters.completed == 3);
  CHECK(statistics.counters.failed == 1);
  world.verify();
}

TEST_CASE("the answers to parts are added") {
  ClusterWorld world;
  world.connect();
  for (const char* key : {"a", "b", "c", "{a}2"}) {
    world.call(static_cast<Tag>(key[0] + key[1]), {"SET", key, "1"});
  }
  CHECK(world.call(1, {"EXISTS", "a", "b", "c", "d", "{a}2", "a"}) == "5");
  CHECK(world.call(2, {"DEL", "a", "b", "{a}2", "d"}) == "3");
  CHECK(world.call(3, {"EXISTS", "a", "b", "c", "{a}2"}) == "1");
}

TEST_CASE("MSET over several slots is refused unless it is allowed to lose its atomicity") {
  ClusterWorld careful;
  careful.connect();
  CHECK(careful.call(1, {"MSET", "a", "1", "c", "2"}) == "refused with invalid_argument (no)");
  CHECK(has(careful.last_error().expected, "cross_slot_writes"));
  CHECK(careful.call(2, {"MSET", "{a}1", "1", "{a}2", "2"}) == "simple \"OK\"");
  CHECK(careful.model().runs().size() == 1);

  ClusterWorld world({.cross_slot_writes = CrossSlotWrites::split});
  world.connect();
  CHECK(world.call(1, {"MSET", "a", "1", "c", "2", "{a}x", "3"}) == "simple \"OK\"");
  CHECK(world.call(2, {"MGET", "a", "c", "{a}x"}) == "[\"1\", \"2\", \"3\"]");
  CHECK(runs_of(world, "MSET") == 2);
}

TEST_CASE("a command for every node is sent to each primary once") {
  ClusterWorld world;
  world.connect();
  for (const char* key : {"a", "b", "c", "{a}2"}) {
    world.call(static_cast<Tag>(key[0] + key[1]), {"SET", key, "1"});
  }
  CHECK(world.call(1, {"DBSIZE"}) == "4");
  std::string keys = world.call(2, {"KEYS", "*"});
  for (const char* key : {"\"a\"", "\"b\"", "\"c\"", "\"{a}2\""}) CHECK(has(keys, key));
  CHECK(world.call(3, {"RANDOMKEY"}) != "null");
  CHECK(world.call(4, {"FLUSHALL"}) == "simple \"OK\"");
  CHECK(world.call(5, {"RANDOMKEY"}) == "null");
  CHECK(world.call(6, {"DBSIZE"}) == "0");
  for (NodeIndex i = 0; i < 3; ++i) {
    const std::vector<std::string>& run = world.node(i).keyless;
    CHECK(std::count(run.begin(), run.end(), "FLUSHALL") == 1);
    CHECK(std::count(run.begin(), run.end(), "DBSIZE") == 2);
  }
}

TEST_CASE("one success is enough for SCRIPT KILL, and the error that says most is told") {
  const auto call = [](const std::vector<std::string>& answers) {
    ClusterWorld world;
    for (NodeIndex i = 0; i < 3; ++i) world.node(i).refused["SCRIPT KILL"] = answers[i] + "\r\n";
    world.connect();
    const std::string outcome = world.call(1, {"SCRIPT", "KILL"});
    return outcome;
  };
  CHECK(call({"-NOTBUSY x", "+OK", "-NOTBUSY x"}) == "simple \"OK\"");
  CHECK(call({"+OK", "-NOTBUSY x", "-UNKILLABLE y"}) == "simple \"OK\"");
  CHECK(has(call({"-NOTBUSY x", "-NOTBUSY x", "-NOTBUSY x"}), "NOTBUSY x"));
  CHECK(has(call({"-NOTBUSY x", "-UNKILLABLE y", "-NOTBUSY x"}), "UNKILLABLE y"));
}

TEST_CASE("answers that cannot be joined are an error, and the connections go on") {
  ClusterWorld world;
  world.node(1).refused["DBSIZE"] = "$1\r\n7\r\n";
  world.node(2).refused["KEYS"] = "+OK\r\n";
  world.connect();
  CHECK(world.call(1, {"DBSIZE"}) == "wrong_type (yes)");
  CHECK(has(world.last_error_words(), node1));
  CHECK(has(world.last_error_words(), "3 of 3 parts"));
  CHECK(world.call(2, {"KEYS", "*"}) == "wrong_type (yes)");
  CHECK(world.call(3, {"SET", "a", "1"}) == "simple \"OK\"");
}

TEST_CASE("if a part fails, the whole fails, and says where and how much has run") {
  ClusterWorld world;
  world.connect();
  world.node(1).refusal = "-OOM command not allowed\r\n";
  const std::string outcome = world.call(1, {"DEL", "a", "b", "c"});
  CHECK(has(outcome, "OOM command not allowed (slot 7365 at " + node1 + "; 2 of 3 parts"));
  CHECK(world.last_error().executed == Executed::maybe);
  CHECK(world.last_error().code == ErrorCode::server_out_of_memory);
  for (NodeIndex i = 0; i < 3; ++i) world.node(i).refusal = "-OOM command not allowed\r\n";
  CHECK(has(world.call(2, {"DEL", "a", "b", "c"}), "0 of 3 parts"));
  CHECK(world.last_error().executed == Executed::no);
}

TEST_CASE("where a part failed is written whole: IPv6 in brackets, and the longest name") {
  const std::string_view longest_word(std::string_view(
      "of a server that says more than anybody reads of a server that says more than anybody reads "
      "of a server that says more than anybody reads of a server that says more than anybody "));
  const std::string longest_name(NodeAddress::host_bytes_max, 'h');
  const Error error{.what = longest_word.data()};
  for (const std::string& host : {std::string("2001:db8::1"), longest_name}) {
    const auto node = NodeAddress::read(host, 65535);
    REQUIRE(node);
    const PartsFailure::Place place{.slot = Slot{16383}, .node = &*node};
    PartsFailure failure(error, std::nullopt, &place);
    failure.add({.run = 100'000, .maybe_run = 100'000, .all = 4'000'000});
    const std::string address = (host == longest_name ? host : "[" + host + "]") + ":65535";
    CHECK(failure.what() == std::string(longest_word) + " (slot 16383 at " + address +
                                "; 100000 of 4000000 parts of the request had run, and 100000 may "
                                "have)");
  }
}

TEST_CASE("parts follow their slots while these move") {
  ClusterWorld world;
  world.connect();
  for (const char* key : {"a", "{a}2", "b", "c"}) {
    world.call(static_cast<Tag>(key[0] + key[1]), {"SET", key, key});
  }
  world.model().start_migration(15495, 0);
  world.model().move_key(15495, "a");
  const std::string all = "[\"a\", \"b\", \"c\", \"{a}2\"]";
  world.submit(1, {"MGET", "a", "b", "c", "{a}2"});
  world.run();
  CHECK(world.outcome(1).empty());  // TRYAGAIN, for both keys of the slot are not at one node
  world.model().move_key(15495, "{a}2");
  world.advance(50ms);
  CHECK(world.outcome(1) == all);
  world.model().finish_at_target(15495);
  world.model().tell_all();
  CHECK(world.call(2, {"MGET", "a", "b", "c", "{a}2"}) == all);
  CHECK(world.call(3, {"MGET", "a", "b", "c", "{a}2"}) == all);
}

TEST_CASE("a part in doubt makes the whole doubtful") {
  ClusterWorld world;
  world.connect();
  CHECK(world.call(1, {"DEL", "a", "b", "c"}) == "0");
  world.hold_answers(node2);
  world.submit(2, {"DEL", "a", "b", "c"});
  world.run();
  CHECK(world.outcome(2).empty());
  world.kill(node2);
  world.run();
  CHECK(world.outcome(2) == "lost_in_doubt (maybe)");
  CHECK(has(world.last_error_words(), "slot 15495 at " + node2));
  CHECK(has(world.last_error_words(), "2 of 3 parts of the request had run, and 1 may have"));
}

TEST_CASE("a part that was never sent waits for the successor of its node") {
  ClusterWorld world({.with_replicas = true});
  world.connect();
  world.kill(node2);
  world.submit(1, {"MGET", "a", "b", "c"});
  world.submit(2, {"DBSIZE"});
  world.advance(1s);
  CHECK(world.outcome(1).empty());
  CHECK(world.outcome(2).empty());
  world.model().promote_replica_of(2);
  world.model().tell_all();
  world.advance(2s);
  CHECK(world.outcome(1) == "[null, null, null]");
  CHECK(world.outcome(2) == "0");
}

TEST_CASE("what is for a node that gave all it has to another one, which is asked too, fails") {
  ClusterWorld world;
  world.connect();
  world.kill(node2);
  world.submit(1, {"DBSIZE"});
  world.advance(1s);
  for (unsigned slot = 0; slot < model_slots_count; ++slot) {
    if (world.model().owner(slot) == 2) world.model().take_over(slot, 1);
  }
  world.model().tell_all();
  world.advance(2s);
  CHECK(world.outcome(1) == "connection_lost (maybe)");
  CHECK(has(world.last_error_words(), "2 of 3 parts"));
  CHECK(world.call(2, {"DBSIZE"}) == "0");
}

TEST_CASE("a whole ends by its deadline, and by cancel(), wherever its parts are") {
  ClusterWorld world;
  world.connect();
  CHECK(world.call(1, {"MGET", "a", "b", "c"}) == "[null, null, null]");
  world.freeze(node1);
  world.submit(2, {"DEL", "a", "b", "c"}, 300ms);
  world.submit(3, {"MGET", "a", "b", "c"}, 10s);
  world.run();
  world.cancel(*world.id_of(3));
  world.run();
  CHECK(world.outcome(3) == "cancelled (maybe)");
  world.advance(1s);
  CHECK(world.outcome(2) == "timed_out (maybe)");
  world.kill(node0);
  world.revive(node0);
  world.submit(4, {"MGET", "c", "{c}1"}, 10s);
  world.wake(node1);
  world.run();
  CHECK(world.outcome(4) == "[null, null]");
  CHECK(world.cluster().in_flight() == 0);
}

TEST_CASE("a request whose parts were never sent has not run when it ends") {
  ClusterWorld world;
  world.connect();
  for (const std::string& node : {node1, node2}) world.kill(node);
  world.submit(1, {"DEL", "a", "c"}, 10s);
  world.submit(2, {"DEL", "a", "c"}, 500ms);
  world.run();
  world.cancel(*world.id_of(1));
  world.run();
  CHECK(world.outcome(1) == "cancelled (no)");
  world.advance(1s);
  CHECK(world.outcome(2) == "timed_out (no)");
  CHECK(has(world.last_error_words(), "0 of 2 parts"));
}

TEST_CASE("a request of more parts than there are places sends them one after the other") {
  const auto limit = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{16});
  CAPTURE(limit);
  ClusterWorld world(with_limit(limit));
  world.validate_always();
  world.connect();
  Words mset{"MSET"};
  for (int i = 0; i < 60; ++i) {
    mset.push_back("key:" + std::to_string(i));
    mset.push_back(std::to_string(i));
  }
  CHECK(world.call(1, mset) == "simple \"OK\"");
  const std::string all = world.call(2, many("MGET", 60));
  std::string expected;
  for (int i = 0; i < 60; ++i) {
    expected += (i == 0 ? "[\"" : ", \"") + std::to_string(i) + "\"";
  }
  CHECK(all == expected + "]");
  CHECK(world.call(3, many("DEL", 60)) == "60");
  CHECK(world.cluster().in_flight() == 0);
}

TEST_CASE("requests behind unsent parts keep their order, and none starves") {
  ClusterWorld world(with_limit(16));
  world.validate_always();
  world.connect();
  CHECK(world.call(1, {"RPUSH", "key:1", "x"}) == "1");
  world.submit(2, many("DEL", 60));
  world.push(3, "key:1");
  world.submit(4, {"ECHO", "hello"});
  world.submit(5, many("EXISTS", 60));
  world.push(6, "key:1");
  world.submit(7, {"DEL", "key:1", "b", "c"});
  world.push(8, "key:1");
  world.read(9, "key:1");
  world.run();
  CHECK(world.outcome(2) == "1");
  CHECK(world.outcome(3) == "1");
  CHECK(world.outcome(4) == "\"hello\"");
  CHECK(world.outcome(5) == "1");
  CHECK(world.outcome(6) == "2");
  CHECK(world.outcome(7) == "1");
  CHECK(world.outcome(8) == "1");
  CHECK(world.outcome(9) == "[\"8\"]");
  CHECK(world.cluster().in_flight() == 0);
}

TEST_CASE("all places are counted, and given back") {
  ClusterWorld world(with_limit(4));
  world.validate_always();
  world.connect();
  for (const std::string& node : {node0, node1, node2}) world.hold_answers(node);
  world.submit(1, {"MGET", "a", "b"}, 500ms);  // two places
  world.submit(2, {"GET", "a"}, 500ms);
  world.submit(3, {"GET", "a"}, 500ms);
  world.submit(4, {"GET", "a"}, 500ms);
  CHECK(world.outcome(4) == "refused with rejected_by_limit (no)");
  world.submit(5, {"MGET", "a", "b"}, 500ms);
  CHECK(world.outcome(5) == "refused with rejected_by_limit (no)");
  for (const std::string& node : {node0, node1, node2}) world.let_answers_go(node);
  world.run();
  CHECK(world.call(6, {"MGET", "a", "b", "c"}) == "[null, null, null]");
  for (Tag tag = 10; tag < 14; ++tag) world.submit(tag, {"GET", tag == 10 ? "b" : "a"});
  world.run();
  for (Tag tag = 10; tag < 14; ++tag) CHECK(world.outcome(tag) == "null");
}

TEST_CASE("a request that waits for room goes in parts when it is admitted") {
  ClusterWorld world(with_limit(2, OnLimit::wait));
  world.validate_always();
  world.connect();
  world.submit(1, {"GET", "a"});
  world.submit(2, {"GET", "b"});
  world.submit(3, many("MGET", 20));
  world.submit(4, {"SET", "key:1", "x"});
  world.submit(5, {"MSET", "a", "1", "b", "2", "c", "3"});
  world.submit(6, {"DBSIZE"});
  world.submit(7, {"MSET", "a", "1"});
  world.advance(100ms);
  CHECK(world.outcome(3).size() == 20 * 6);
  CHECK(world.outcome(4) == "simple \"OK\"");
  CHECK(world.outcome(5) == "simple \"OK\"");
  CHECK(world.outcome(6) == "4");
  CHECK(world.outcome(7) == "simple \"OK\"");
}

TEST_CASE("requests in parts wait for the first view of the slots") {
  ClusterWorld world;
  world.submit(1, {"DBSIZE"});
  world.submit(2, {"MGET", "a", "b"});
  world.submit(3, {"GET", "a"});
  world.connect();
  CHECK(world.outcome(1) == "0");
  CHECK(world.outcome(2) == "[null, null]");
  CHECK(world.outcome(3) == "null");
}

TEST_CASE("a request of which a part can never have room beside the whole fails") {
  const auto overflow = GENERATE(OnLimit::reject, OnLimit::wait);
  ClusterWorldOptions options = with_limit(100, overflow);
  options.budget.memory_limit = std::size_t{4} << 20;
  ClusterWorld world(options);
  world.connect();
  for (const char* key : {"a", "b", "c"}) {
    world.call(static_cast<Tag>(key[0]), {"SET", key, "1"});
  }
  const std::size_t most = world.budget().limit(PoolKind::requests) / 10 * 6;
  world.submit(1, {"MSET", "a", std::string(most, 'x'), "b", "2"}, 60s);
  world.submit(2, {"GET", "a"}, 60s);
  world.submit(3, {"MGET", "a", "b"}, 60s);
  world.advance(1s);
  // If there was room for the whole, there was for the small part.
  const bool is_whole = has(world.outcome(1), "(maybe)");
  CHECK(has(world.outcome(1), "rejected_by_limit"));
  CHECK(has(world.outcome(2), "\"1\""));
  CHECK(has(world.outcome(3), is_whole ? "[\"1\", \"2\"]" : "[\"1\", \"1\"]"));
  CHECK(world.cluster().in_flight() == 0);
}

TEST_CASE("the client closes once parts are answered") {
  ClusterWorld world(with_limit(4));
  world.connect();
  world.submit(1, many("MGET", 30));
  world.submit(2, {"DBSIZE"});
  world.client().close(world.now());
  world.advance(100ms);
  CHECK(world.outcome(1).size() == 30 * 6);
  CHECK(world.outcome(2) == "0");
  CHECK(world.take_events() == Lines{"ready", "closed: closed"});
}

TEST_CASE("abort() ends wholes and parts") {
  ClusterWorld world(with_limit(4));
  world.connect();
  world.hold_answers(node0);
  world.submit(1, many("MGET", 30));
  world.submit(2, {"DBSIZE"});
  world.submit(3, {"MGET", "a", "b"});
  world.send();
  world.client().abort();
  world.run();
  for (const Tag tag : {Tag{1}, Tag{2}, Tag{3}}) CHECK_FALSE(world.outcome(tag).empty());
}

TEST_CASE("the reply can be kept") {
  ClusterWorld world;
  world.connect();
  world.call(1, {"SET", "a", std::string(5000, 'x')});
  std::optional<Reply> kept;
  world.on_outcome = [&](Tag) {
    Result<Reply> reply = world.client().keep_reply();
    REQUIRE(reply.ok());
    kept = std::move(reply).value();
  };
  world.call(2, {"MGET", "a", "b"});
  world.on_outcome = {};
  REQUIRE(kept);
  const Elements elements = kept->value().as_elements().value();
  REQUIRE(elements.size() == 2);
  CHECK((*elements.begin()).as_bytes().value().size() == 5000);
}

TEST_CASE("without memory a request is refused, or fails, and nothing stays charged") {
  int refused_at_once = 0;
  int failed = 0;
  bool has_succeeded = false;
  for (std::size_t granted = 0; !has_succeeded; ++granted) {
    CAPTURE(granted);
    ClusterWorld world;
    world.connect();
    world.call(1, {"MGET", "a", "b", "c"});
    world.memory().refuse_one_after(granted);
    world.submit(2, many("MGET", 20));
    world.advance(100ms);
    const std::string outcome = world.outcome(2);
    has_succeeded = !world.memory().has_refused();
    REQUIRE_FALSE(outcome.empty());
    if (outcome.starts_with("refused with rejected_by_limit")) {
      ++refused_at_once;
    } else if (outcome.starts_with("reply_too_large")) {
      ++failed;
    }
    world.memory().refuse_one_after(TestMemory::no_refusal);
    CHECK(world.call(3, {"MGET", "a", "b"}) == "[null, null]");
    CHECK(world.cluster().in_flight() == 0);
  }
  CHECK(refused_at_once > 0);
  CHECK(failed > 0);
}

// What one server would answer to the commands, one after the other.
class OneServer {
 public:
  std::string run(const Words& words) {
    if (words[0] == "RPUSH") {
      data_[words[1]].push_back(words[2]);
      return std::to_string(data_[words[1]].size());
    }
    if (words[0] == "GET") return last_of(words[1]);
    if (words[0] == "MGET") {
      std::string all;
      for (std::size_t i = 1; i < words.size(); ++i) all += (i > 1 ? ", " : "") + last_of(words[i]);
      return "[" + all + "]";
    }
    if (words[0] == "MSET") {
      for (std::size_t i = 1; i < words.size(); i += 2) data_[words[i]] = {words[i + 1]};
      return "simple \"OK\"";
    }
    int count = 0;
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (data_.contains(words[i])) ++count;
      if (words[0] == "DEL") data_.erase(words[i]);
    }
    return std::to_string(count);
  }

 private:
  std::string last_of(const std::string& key) const {
    const auto found = data_.find(key);
    return found == data_.end() ? "null" : "\"" + found->second.back() + "\"";
  }

  std::map<std::string, std::vector<std::string>> data_;
};

// The caller awaits nothing, slots move, and the network takes its time: the order of each slot
// alone makes all answers those of one server.
TEST_CASE("whatever goes in parts, the answers are those of one server that runs all in order") {
  std::size_t moved = 0;
  for (unsigned seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto pick = [&random](int count) {
      return std::uniform_int_distribution<>(0, count - 1)(random);
    };
    static constexpr std::array<std::size_t, 5> limits{6, 10, 30, 200, 1000};
    ClusterWorldOptions options = with_limit(limits[seed % limits.size()], OnLimit::wait);
    if (seed % 4 == 0) options.budget.memory_limit = std::size_t{4} << 20;
    ClusterWorld world(options);
    if (seed % 8 == 0) world.validate_always();
    if (seed % 3 != 0) world.delay = [&] { return std::chrono::microseconds(pick(3000)); };
    if (seed % 7 == 0) {
      world.piece = [&](std::size_t bytes) {
        return std::min(bytes, static_cast<std::size_t>(1 + pick(300)));
      };
    }
    world.connect();
    world.advance(50ms);
    OneServer one;
    std::map<Tag, std::string> expected;
    std::set<unsigned> has_moved;
    for (Tag tag = 1; tag <= 80; ++tag) {
      const auto key = [&] { return "key:" + std::to_string(pick(25)); };
      Words words;
      switch (pick(7)) {
        case 0: words = {"GET", key()}; break;
        case 1: words = many("EXISTS", 1 + pick(25)); break;
        case 2: words = many("DEL", 1 + pick(25)); break;
        case 3: words = {"MGET", key(), key(), key(), key()}; break;
        case 4:
          words = {"MSET"};
          for (int i = 1 + pick(12); i > 0; --i) {
            words.push_back(key());
            words.push_back(std::to_string(tag));
          }
          break;
        default: words = {"RPUSH", key(), std::to_string(tag)};
      }
      expected[tag] = one.run(words);
      world.submit(tag, words, 60s);
      const unsigned slot = model_slot_of(key());
      if (pick(5) == 0 && has_moved.insert(slot).second) {
        world.model().move_atomically(slot, (world.model().owner(slot) + 1) % 3);
        ++moved;
      }
      if (pick(4) == 0) world.advance(std::chrono::milliseconds(pick(4)));
    }
    world.advance(3s);
    for (const auto& [tag, outcome] : expected) {
      CAPTURE(tag);
      CHECK(world.outcome(tag) == outcome);
    }
    CHECK(world.cluster().in_flight() == 0);
  }
  CHECK(moved > 100);
}

}  // namespace
}  // namespace plimsoll::testing::cluster_parts_test
