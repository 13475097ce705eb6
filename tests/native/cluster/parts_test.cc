#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/script.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Commands with keys of several slots, and commands for every node.

namespace plimsoll::testing::native_cluster_parts_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Result;

constexpr std::size_t keys_count = 10'000;
constexpr std::uint16_t last_slot = 16'383;  // at node 2

native::Options splitting() {
  native::Options options = cluster_options();
  options.cross_slot_writes = native::CrossSlotWrites::split;
  return options;
}

std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back("ship:" + std::to_string(i));
  return all;
}

std::vector<std::string_view> views_of(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

std::string set_all(Client& client, const std::vector<std::string>& keys) {
  std::vector<std::string> words{"MSET"};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    words.push_back(keys[i]);
    words.push_back(std::to_string(i));
  }
  const std::vector<std::string_view> views = views_of(words);
  return finish(client.command<std::string>(native::Words(views)));
}

std::size_t wrong_in(const std::vector<std::optional<std::string>>& values) {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != std::to_string(i)) ++wrong;
  }
  return wrong;
}

void empty(ClusterGroup& group) {
  for (std::size_t i = 0; i < 3; ++i) group.ask(i, {"FLUSHALL"});
}

TEST_CASE("ten thousand keys are set, read in order, counted and deleted by one call each") {
  ClusterGroup& group = shared_cluster();
  empty(group);
  Client client = connected(group.url(), splitting());
  const std::vector<std::string> keys = names(keys_count);
  CHECK(set_all(client, keys) == "OK");
  CHECK(finish(client.dbsize()) == static_cast<std::int64_t>(keys_count));
  const auto values = finish(client.mget(views_of(keys)));
  REQUIRE(values.size() == keys_count);
  CHECK(wrong_in(values) == 0);
  CHECK(finish(client.exists(views_of(keys))) == static_cast<std::int64_t>(keys_count));
  CHECK(finish(client.touch(views_of(keys))) == static_cast<std::int64_t>(keys_count));
  CHECK(finish(client.keys("ship:*")).size() == keys_count);
  CHECK(finish(client.unlink({keys[0], keys[1]})) == 2);
  CHECK(finish(client.del(views_of(keys))) == static_cast<std::int64_t>(keys_count - 2));
  CHECK(finish(client.dbsize()) == 0);
  CHECK(client.statistics().client.cluster.scattered == 9);
  CHECK(client.statistics().client.cluster.parts > 5 * keys_count / 2);
  CHECK(client.statistics().client.in_flight == 0);
}

TEST_CASE("a reply over several nodes can be taken whole") {
  Client client = member_of(shared_cluster());
  const std::string one = key_in(0, "one");
  const std::string two = key_in(last_slot, "two");
  finish(client.set(one, "1"));
  const native::Reply reply = value_of(client.command({"MGET", two, one, two}, use_future));
  const auto elements = *reply.value().as_elements();
  CHECK(elements.size() == 3);
  CHECK((*elements.begin()).is_null());
  finish(client.del({one, two}));
}

TEST_CASE("keys may have a prefix") {
  native::Options options = splitting();
  options.key_prefix = "fleet:";
  Client client = connected(shared_cluster().url(), options);
  const std::vector<std::string> keys = names(20);
  CHECK(set_all(client, keys) == "OK");
  CHECK(wrong_in(finish(client.mget(views_of(keys)))) == 0);
  CHECK(finish(client.del(views_of(keys))) == 20);
}

TEST_CASE("MSET over several slots is refused by default, with what would allow it") {
  Client client = member_of(shared_cluster());
  const std::string one = key_in(0);
  const std::string two = key_in(last_slot);
  const native::Error error = error_of(client.command({"MSET", one, "1", two, "2"}, use_future));
  CHECK(error.code() == ErrorCode::invalid_argument);
  CHECK_THAT(std::string(error.text()), ContainsSubstring("cross_slot_writes"));
  CHECK(finish(client.exists({one, two})) == 0);
}

TEST_CASE("what concerns every node reaches each of them") {
  ClusterGroup& group = shared_cluster();
  empty(group);
  Client client = member_of(group);
  const std::string sha = finish(client.script_load("return 'hello'"));
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(group.ask(i, {"SCRIPT", "EXISTS", sha}).elements.at(0).text == "1");
  }
  CHECK(finish(client.script_exists({sha, std::string(40, '0')})) ==
        std::vector<bool>{true, false});
  group.ask(1, {"SCRIPT", "FLUSH"});
  CHECK(finish(client.script_exists({sha})) == std::vector<bool>{false});
  finish(client.command<std::string>("CONFIG", "SET", "slowlog-max-len", "77"));
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(group.ask(i, {"CONFIG", "GET", "slowlog-max-len"}).elements.at(1).text == "77");
  }
  const std::string library =
      "#!lua name=parts\nserver.register_function('parts_f', function() return 1 end)";
  CHECK(finish(client.function_load(library)) == "parts");
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(group.ask(i, {"FUNCTION", "LIST"}).elements.size() == 1);
  }
  finish(client.command<std::string>("FUNCTION", "DELETE", "parts"));
  const native::Error error = error_of(client.command({"SCRIPT", "KILL"}, use_future));
  CHECK_THAT(std::string(error.text()), ContainsSubstring("NOTBUSY"));
  CHECK_THAT(std::string(error.text()), ContainsSubstring("of 3 parts"));
  CHECK(finish(client.randomkey()) == std::nullopt);
  finish(client.set("ship", "Victory"));
  CHECK(finish(client.randomkey()) == "ship");
  finish(client.flushall());
  CHECK(finish(client.dbsize()) == 0);
}

TEST_CASE("a part's error names its slot and its node, and says how many parts have run") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  finish(client.exists({key_in(0), key_in(last_slot)}));
  group.ask(2, {"CONFIG", "SET", "min-replicas-to-write", "1"});
  const native::Error error = error_of(client.del({key_in(0), key_in(last_slot)}, use_future));
  group.ask(2, {"CONFIG", "SET", "min-replicas-to-write", "0"});
  INFO(error.what());
  CHECK(error.code() == ErrorCode::not_enough_replicas);
  CHECK(error.executed() == Executed::maybe);
  CHECK_THAT(std::string(error.text()),
             ContainsSubstring("(slot 16383 at " + group.address(2) +
                               "; 1 of 2 parts of the request had run)"));
}

TEST_CASE("a request over several nodes is cancelled, and times out, as any other") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  finish(client.exists({key_in(0), key_in(last_slot)}));
  group.freeze(2);
  const native::Error late = error_of(client.with_timeout(std::chrono::milliseconds(50))
                                          .del({key_in(0), key_in(last_slot)}, use_future));
  group.thaw(2);
  INFO(late.what());
  CHECK(late.code() == ErrorCode::timed_out);
  CHECK(late.executed() == Executed::maybe);
  CHECK(finish(client.exists({key_in(0), key_in(last_slot)})) == 0);
}

TEST_CASE("no value is missing while a slot moves, key by key") {
  ClusterGroup& group = shared_cluster();
  empty(group);
  Client client = connected(group.url(), splitting());
  std::vector<std::string> keys = names(200);
  for (int i = 0; i < 50; ++i) keys.push_back(key_in(5, "moved" + std::to_string(i)));
  CHECK(set_all(client, keys) == "OK");
  std::vector<std::future<Result<std::vector<std::optional<std::string>>>>> reads;
  const auto read = [&] { reads.push_back(client.mget(views_of(keys), use_future)); };
  for (const std::size_t to : {std::size_t{1}, std::size_t{0}}) {
    read();
    group.begin_move(5, to);
    for (int i = 0; i < 10; ++i) {
      read();
      group.migrate_keys(5, to, 5);
    }
    read();
    group.finish_move(5, to, SlotOrder::target_first);
    group.wait_until_owner(5, to);
  }
  std::size_t wrong = 0;
  for (auto& each : reads) wrong += wrong_in(value_of(std::move(each)));
  CHECK(wrong == 0);
  CHECK(client.statistics().client.cluster.moved + client.statistics().client.cluster.asked > 0);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_parts_test
