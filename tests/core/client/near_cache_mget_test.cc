#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/core/client/cached_world.h"

// An MGET and the GETs of its keys: what one has read, the others find, and nothing older.

namespace plimsoll::near_cache_mget_test {
namespace {

using namespace std::chrono_literals;
using testing::cache_it;
using testing::CachedWorld;
using testing::Lines;
using testing::Words;

const std::string both_hit = "hit *2\r\n$1\r\n1\r\n$1\r\n2";

// "a" is "1", "b" is "2".
void set_both(CachedWorld& world) {
  world.data()["a"] = "1";
  world.data()["b"] = "2";
}

TEST_CASE("an MGET is served from what GETs have read, once all of its keys are there") {
  CachedWorld world;
  set_both(world);
  world.get(0, 1, "a");
  world.flow();
  world.read(0, 2, {"MGET", "a", "b"});
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"1\"", "2: [\"1\", \"2\"]"});
  CHECK(world.reads_count() == 2);  // one key that is not there fetches all
  world.read(0, 3, {"mget", "a", "b"});
  world.read(0, 4, {"MGET", "b", "a", "b"});
  CHECK(world.take_events(0) ==
        Lines{"3: " + both_hit, "4: hit *3\r\n$1\r\n2\r\n$1\r\n1\r\n$1\r\n2"});
  CHECK(world.statistics().lookups == 4);
  CHECK(world.statistics().hits == 2);
  CHECK(world.statistics().entries == 2);
}

TEST_CASE("GETs find what an MGET has read, but for its nulls") {
  CachedWorld world({.cache = {.bytes_max = 64 * 1024, .cache_nil = true}});
  set_both(world);
  world.read(0, 1, {"MGET", "a", "no string", "b", "a"});
  world.flow();
  world.get(0, 2, "b");
  world.get(0, 3, "a");
  CHECK(world.take_events(0) ==
        Lines{"1: [\"1\", null, \"2\", \"1\"]", "2: hit $1\r\n2", "3: hit $1\r\n1"});
  world.get(0, 4, "no string");
  CHECK(world.take_events(0).empty());
  world.flow();
  world.read(0, 5, {"MGET", "a", "no string"});  // a GET knows what its null means
  CHECK(world.take_events(0) == Lines{"4: null", "5: hit *2\r\n$1\r\n1\r\n_"});
}

TEST_CASE("a write to one of its keys is seen by the next MGET") {
  CachedWorld world;
  set_both(world);
  world.read(0, 1, {"MGET", "a", "b"});
  world.flow();
  SECTION("of somebody else") { world.write_elsewhere("b", "new"); }
  SECTION("of its own, not waited for") { world.submit(0, 9, {"SET", "b", "new"}); }
  world.come_down(0);
  world.take_events(0);
  world.read(0, 2, {"MGET", "a", "b"});
  world.flow();
  CHECK(world.take_events(0).back() == "2: [\"1\", \"new\"]");
  world.get(0, 3, "a");
  CHECK(world.take_events(0) == Lines{"3: hit $1\r\n1"});
}

TEST_CASE("an MGET is not put together of what two connections vouch for") {
  CachedWorld world({.clients = 2});
  set_both(world);
  world.get(0, 1, "a");
  world.get(1, 2, "b");
  world.flow();
  world.read(0, 3, {"GET", "b"});
  world.read(0, 4, {"MGET", "a", "b"});
  CHECK(world.take_events(0) == Lines{"1: \"1\"", "3: hit $1\r\n2"});
  world.flow();
  world.read(1, 5, {"MGET", "a", "b"});  // client 0 vouches for both now
  CHECK(world.take_events(1) == Lines{"2: \"2\"", "5: " + both_hit});
}

TEST_CASE("of an MGET that was overtaken the other keys are stored") {
  CachedWorld world({.clients = 2});
  set_both(world);
  SECTION("by a write that began later") {
    world.read(0, 1, {"MGET", "a", "b"});
    world.go_up(0);
    world.submit(1, 2, {"SET", "b", "new"});
    world.flow(1);
    CHECK(world.statistics().skipped_poisoned == 0);
    world.flow(0);
    CHECK(world.statistics().skipped_poisoned == 1);
  }
  SECTION("by one that is under way") {
    world.submit(1, 2, {"SET", "b", "new"});
    world.read(0, 1, {"MGET", "a", "b"});
    world.flow(0);
    CHECK(world.statistics().skipped_fenced == 1);
    world.flow(1);
  }
  SECTION("by one that was under way when it began") {
    world.submit(1, 2, {"SET", "b", "new"});
    world.read(0, 1, {"MGET", "a", "b"});
    world.go_up(0);
    world.flow(1);
    world.flow(0);
    CHECK(world.statistics().skipped_poisoned == 1);
  }
  CHECK(world.take_events(0) == Lines{"1: [\"1\", \"2\"]"});
  world.get(0, 3, "a");
  CHECK(world.take_events(0) == Lines{"3: hit $1\r\n1"});
  world.get(0, 4, "b");
  world.flow();
  CHECK(world.take_events(0) == Lines{"4: \"new\""});
}

TEST_CASE("what an MGET says instead of an entry drops the entry") {
  CachedWorld world({.clients = 2});
  cache_it(world);
  world.read(1, 1, {"MGET", "key", "other"});
  world.go_up(1);
  std::string& way = world.on_its_way(1);
  SECTION("another value") { way = "*2\r\n$3\r\nnew\r\n_\r\n"; }
  SECTION("nothing") { way = "*2\r\n_\r\n_\r\n"; }
  SECTION("an error") { way = "-LOADING\r\n"; }
  SECTION("no array") { way = "$3\r\nnew\r\n"; }
  SECTION("an array of too few") { way = "*1\r\n$3\r\nold\r\n"; }
  world.come_down(1);
  world.get(0, 2, "key");
  const Lines events = world.take_events(0);
  CHECK((events.empty() || events == Lines{"2: hit $3\r\nnew"}));
}

TEST_CASE("a null that an MGET brings leaves a GET's null alone") {
  CachedWorld world({.cache = {.bytes_max = 64 * 1024, .cache_nil = true}});
  world.get(0, 1, "none");
  world.flow();
  world.read(0, 2, {"MGET", "none", "a"});
  world.flow();
  world.get(0, 3, "none");
  CHECK(world.take_events(0) == Lines{"1: null", "2: [null, null]", "3: hit _"});
}

TEST_CASE("the same MGETs at a time are one request") {
  CachedWorld world;
  set_both(world);
  world.read(0, 1, {"MGET", "a", "b"});
  world.read(0, 2, {"MGET", "a", "b"});
  world.read(0, 3, {"MGET", "b", "a"});
  world.flow();
  CHECK(world.take_events(0) ==
        Lines{"1: [\"1\", \"2\"]", "2: [\"1\", \"2\"]", "3: [\"2\", \"1\"]"});
  CHECK(world.reads_count() == 2);
}

TEST_CASE("an MGET may have as many keys as a question has words, in as many shards as there are") {
  const std::size_t bytes = 64 * 1024 * 1024;
  CachedWorld world(
      {.cache = {.bytes_max = bytes, .shards_max = 4}, .budget = {.memory_limit = 4 * bytes}});
  Words words{"MGET"};
  for (std::size_t i = 0; i < commands::question_words_max; ++i) {
    words.push_back("key" + std::to_string(i));
    world.data()[words.back()] = std::string(100, 'x');
  }
  world.read(0, 1, words);
  world.flow();
  CHECK(world.statistics().entries == commands::question_words_max);
  CHECK(world.take_events(0).size() == 1);
  world.read(0, 2, words);  // larger than what is put together without memory
  const Lines events = world.take_events(0);
  REQUIRE(events.size() == 1);
  CHECK(events[0].size() > cache::scratch_bytes_min);
  CHECK(events[0].starts_with("2: hit *64\r\n$100\r\nxxx"));
  words.push_back("one more");
  world.read(0, 3, words);
  world.flow();
  CHECK(world.statistics().lookups == 2);
  CHECK(world.statistics().entries == commands::question_words_max);
  world.cache().validate();
}

TEST_CASE("what an MGET has found is used") {
  CachedWorld world({.cache = {.bytes_max = 64 * 1024, .entries_max = 3}});
  for (const char* const key : {"a", "b", "c", "d"}) world.data()[key] = key;
  for (const Tag tag : {1, 2, 3}) world.get(0, tag, std::string(1, "abc"[tag - 1]));
  world.flow();
  world.read(0, 4, {"MGET", "a", "b"});
  world.get(0, 5, "d");
  world.flow();
  CHECK(world.statistics().evictions == 1);
  world.take_events(0);
  world.read(0, 6, {"MGET", "a", "b"});
  world.get(0, 7, "c");
  CHECK(world.take_events(0) == Lines{"6: hit *2\r\n$1\r\na\r\n$1\r\nb"});
}

TEST_CASE("what is too large to be put together without memory misses where there is none") {
  CachedWorld world;
  world.data()["large"] = std::string(cache::scratch_bytes_min, 'x');
  world.read(0, 1, {"MGET", "large"});
  world.flow();
  const auto mget = [](std::string_view key) {
    return commands::Question{
        .row = commands::row_numbers::mget, .key = key, .rest = {}, .more_keys = {}};
  };
  const auto found = [&](std::string_view key) {
    return world.cache().visit(
        world.end(0).client().near_cache()->reader(cache::any_staleness, world.end(0).now()),
        mget(key), world.end(0).now(), [](std::string_view) { return true; });
  };
  CHECK_FALSE(found("large"));
  world.data()["small"] = "x";
  world.get(0, 2, "small");
  world.flow();
  CHECK(found("small"));
}

TEST_CASE("MGETs of a lost connection's keys are fetched anew") {
  CachedWorld world;
  set_both(world);
  world.read(0, 1, {"MGET", "a", "b"});
  world.flow();
  world.break_off(0);
  world.reconnect(0);
  world.take_events(0);
  world.read(0, 2, {"MGET", "a", "b"});
  CHECK(world.take_events(0).empty());
  world.flow();
  CHECK(world.take_events(0) == Lines{"2: [\"1\", \"2\"]"});
}

}  // namespace
}  // namespace plimsoll::near_cache_mget_test
