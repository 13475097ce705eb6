#include <cstddef>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/cache/shelf.h"

namespace plimsoll::testing::store_test {
namespace {

using cache::EvictionPolicy;
using cache::Stamp;
using cache::Store;
using cache::StoreOptions;

const StoreOptions roomy{.bytes_max = 64'000'000, .seed = 3};

Asked get(std::string key) { return {.row = 1, .key = std::move(key)}; }

Asked field(std::string key, std::size_t number) {
  return {.row = 2, .key = std::move(key), .rest = {"field:" + std::to_string(number)}};
}

Asked several(std::string first, std::string second) {
  return {.row = 3,
          .key = std::move(first),
          .rest = {"x", std::move(second), "y"},
          .more_begin = 1,
          .more_count = 1};
}

TEST_CASE("what was put is found as it was, and nothing else is") {
  Shelf shelf(roomy);
  shelf.put(get("k"), "$1\r\nv\r\n", Instant(Duration(5)), {.member = 4, .id = 9});
  const cache::Entry* const entry = shelf.find(get("k"));
  REQUIRE(entry != nullptr);
  CHECK(entry->reply() == "$1\r\nv\r\n");
  CHECK(entry->stamp() == Stamp{.member = 4, .id = 9});
  CHECK(entry->expires_at() == Instant(Duration(5)));
  CHECK(entry->key() == "k");
  CHECK(shelf.find(get("k"), 1) == nullptr);
  CHECK(shelf.find(get("K")) == nullptr);
  CHECK(shelf.find({.row = 2, .key = "k"}) == nullptr);
  CHECK(shelf.find({.row = 1, .key = "k", .rest = {""}}) == nullptr);
  CHECK(shelf.find(get("")) == nullptr);
}

TEST_CASE("the same bytes cut into other words are another question") {
  Shelf shelf(roomy);
  shelf.put({.row = 1, .key = "k", .rest = {"ab", "c"}}, "1");
  CHECK(shelf.find({.row = 1, .key = "k", .rest = {"a", "bc"}}) == nullptr);
  CHECK(shelf.find({.row = 1, .key = "k", .rest = {"abc"}}) == nullptr);
  CHECK(shelf.find({.row = 1, .key = "k", .rest = {"ab", "c", ""}}) == nullptr);
  CHECK(shelf.find({.row = 1, .key = "kab", .rest = {"c"}}) == nullptr);
  CHECK(shelf.find({.row = 1, .key = "k", .rest = {"ab", "c"}}) != nullptr);
}

TEST_CASE("an equal question's answer is replaced, even by one that is too large to be kept") {
  Shelf shelf({.bytes_max = 1000});
  shelf.put(get("k"), "old");
  const Store::Inserted replaced = shelf.put(get("k"), "new");
  CHECK(replaced.evicted == 0);
  CHECK(shelf.find(get("k"))->reply() == "new");
  CHECK(shelf.store.entries_count() == 1);
  const Store::Inserted large = shelf.put(get("k"), std::string(1000, 'x'));
  CHECK(large.outcome == Store::Outcome::too_large);
  CHECK(large.entry == nullptr);
  CHECK(shelf.find(get("k")) == nullptr);
  CHECK(shelf.store.committed_bytes() == 0);
}

TEST_CASE("nothing is evicted for what can never fit") {
  Shelf shelf({.bytes_max = 1000});
  shelf.put(get("k"), "v");
  const Store::Inserted large = shelf.put(get("other"), std::string(900, 'x'));
  CHECK(large.outcome == Store::Outcome::too_large);
  CHECK(large.evicted == 0);
  CHECK(shelf.find(get("k")) != nullptr);
}

TEST_CASE("what fits just so is kept alone, and with one byte less it is too large") {
  for (const EvictionPolicy policy : {EvictionPolicy::lru, EvictionPolicy::lfu}) {
    for (const Instant expires_at : {never, Instant(std::chrono::hours(1))}) {
      const std::string reply(300, 'x');
      Shelf measured({.bytes_max = 64'000, .policy = policy});
      measured.put(several("a", "b"), reply, expires_at);
      const std::size_t bytes = measured.store.committed_bytes();

      Shelf exact({.bytes_max = bytes, .policy = policy});
      exact.put(get("k"), "v");
      const Store::Inserted kept = exact.put(several("a", "b"), reply, expires_at);
      CHECK(kept.outcome == Store::Outcome::stored);
      CHECK(kept.evicted == 1);
      Shelf less({.bytes_max = bytes - 1, .policy = policy});
      CHECK(less.put(several("a", "b"), reply, expires_at).outcome == Store::Outcome::too_large);
    }
  }
}

TEST_CASE("a store of no bytes keeps nothing") {
  Shelf shelf({.bytes_max = 0});
  CHECK(shelf.put(get("k"), "v").outcome == Store::Outcome::too_large);
  CHECK(shelf.find(get("k")) == nullptr);
}

TEST_CASE("all that was read of a key goes with it, however much it is, and no more") {
  constexpr std::size_t fields = 100'000;
  Shelf shelf(roomy);
  shelf.put(get("other"), "v");
  for (std::size_t i = 0; i < fields; ++i) shelf.put(field("hash", i), "v");
  shelf.put(get("hash"), "v");
  CHECK(shelf.store.entries_count() == fields + 2);
  for (std::size_t i = 0; i < fields; i += 97) REQUIRE(shelf.find(field("hash", i)) != nullptr);
  CHECK(shelf.find(field("hash", fields)) == nullptr);
  CHECK(shelf.erase_key("has") == 0);
  CHECK(shelf.erase_key("hash") == fields + 1);
  CHECK(shelf.erase_key("hash") == 0);
  CHECK(shelf.find(get("other")) != nullptr);
  shelf.store.validate();
}

TEST_CASE(
    "what several sources have read of a key goes with it, and each finds its own until then") {
  Shelf shelf(roomy);
  for (std::uint32_t source = 0; source < 100; ++source) {
    shelf.put(get("k"), std::to_string(source), never, {}, source);
    shelf.put(several("other", "k"), "also " + std::to_string(source), never, {}, source);
  }
  for (std::uint32_t source = 0; source < 100; ++source) {
    REQUIRE(shelf.find(get("k"), source)->reply() == std::to_string(source));
  }
  CHECK(shelf.find(get("k"), 100) == nullptr);
  shelf.store.validate();
  CHECK(shelf.erase_key("k") == 200);
  CHECK(shelf.store.entries_count() == 0);
}

TEST_CASE("one of a key's many answers goes alone, the first of them too") {
  Shelf shelf(roomy);
  for (std::size_t i = 0; i < 5; ++i) shelf.put(field("hash", i), std::to_string(i));
  for (std::size_t i = 0; i < 5; ++i) {
    shelf.store.erase(*shelf.find(field("hash", i)));
    shelf.store.validate();
    CHECK(shelf.find(field("hash", i)) == nullptr);
    for (std::size_t k = i + 1; k < 5; ++k) {
      REQUIRE(shelf.find(field("hash", k)) != nullptr);
      CHECK(shelf.find(field("hash", k))->reply() == std::to_string(k));
    }
  }
  CHECK(shelf.store.committed_bytes() == 0);
}

TEST_CASE("an answer that depends on several keys goes with each of them") {
  for (const std::string gone : {"a", "b"}) {
    Shelf shelf(roomy);
    shelf.put(several("a", "b"), "1");
    shelf.put(get("b"), "2");
    CHECK(shelf.erase_key("x") == 0);
    CHECK(shelf.erase_key("y") == 0);
    CHECK(shelf.erase_key(gone) == (gone == "a" ? 1 : 2));
    CHECK(shelf.find(several("a", "b")) == nullptr);
    CHECK((shelf.find(get("b")) == nullptr) == (gone == "b"));
    shelf.store.validate();
  }
}

TEST_CASE("an answer that names a key twice counts once") {
  Shelf shelf(roomy);
  shelf.put(several("a", "a"), "1");
  shelf.store.validate();
  CHECK(shelf.erase_key("a") == 1);
  CHECK(shelf.store.committed_bytes() == 0);
}

TEST_CASE("a question is found by its first key alone, though others head its other keys") {
  Shelf shelf(roomy);
  shelf.put(several("a", "b"), "1");
  shelf.put(several("b", "a"), "2");
  shelf.put(get("a"), "3");
  CHECK(shelf.find(several("a", "b"))->reply() == "1");
  CHECK(shelf.find(several("b", "a"))->reply() == "2");
  CHECK(shelf.find(get("a"))->reply() == "3");
  CHECK(shelf.find(get("b")) == nullptr);
  shelf.store.validate();
}

TEST_CASE("the one whose last access is the oldest goes first") {
  Shelf shelf({.bytes_max = 64'000, .entries_max = 2});
  shelf.put(get("a"), "v");
  shelf.put(get("b"), "v");
  CHECK(shelf.get(get("a")));
  CHECK(shelf.put(get("c"), "v").evicted == 1);
  CHECK(shelf.find(get("a")) != nullptr);
  CHECK(shelf.find(get("b")) == nullptr);
}

TEST_CASE("the one with the fewest accesses goes first, and starts anew when it comes back") {
  Shelf shelf({.bytes_max = 64'000, .entries_max = 2, .policy = EvictionPolicy::lfu});
  shelf.put(get("a"), "v");
  CHECK(shelf.get(get("a")));
  CHECK(shelf.get(get("a")));
  shelf.put(get("b"), "v");
  CHECK(shelf.get(get("b")));
  shelf.put(get("c"), "v");
  CHECK(shelf.find(get("a")) != nullptr);
  CHECK(shelf.find(get("b")) == nullptr);
  shelf.put(get("b"), "v");
  CHECK(shelf.find(get("c")) == nullptr);
  shelf.put(get("c"), "v");
  CHECK(shelf.find(get("b")) == nullptr);
  CHECK(shelf.find(get("a")) != nullptr);
}

TEST_CASE("an access that takes memory for its count makes others go, not its own entry") {
  Shelf measured({.bytes_max = 64'000, .policy = EvictionPolicy::lfu});
  for (const char* key : {"a", "b", "c"}) measured.put(get(key), "v");
  Shelf shelf({.bytes_max = measured.store.committed_bytes(), .policy = EvictionPolicy::lfu});
  for (const char* key : {"a", "b", "c"}) shelf.put(get(key), "v");
  CHECK(shelf.get(get("a")));
  CHECK(shelf.store.touch_evictions() == 1);
  CHECK(shelf.find(get("a")) != nullptr);
  CHECK(shelf.find(get("b")) == nullptr);
  shelf.store.validate();
}

TEST_CASE("an index that had many entries costs as little as one that never had") {
  Shelf shelf(roomy);
  for (std::size_t i = 0; i < 20'000; ++i) shelf.put(field("k" + std::to_string(i), 0), "v");
  for (std::size_t i = 0; i < 20'000; i += 2) shelf.erase_key("k" + std::to_string(i));
  shelf.store.validate();
  const std::size_t half = shelf.store.committed_bytes() - shelf.store.live_bytes();
  CHECK(half <= 40'000 * sizeof(void*) * 21 / 20);
  for (std::size_t i = 1; i < 19'999; i += 2) shelf.erase_key("k" + std::to_string(i));
  CHECK(shelf.store.committed_bytes() - shelf.store.live_bytes() <= 100);
  shelf.erase_key("k19999");
  CHECK(shelf.store.committed_bytes() == 0);
}

TEST_CASE("what expires goes at its time, in steps, and costs the store nothing afterwards") {
  Shelf shelf(roomy);
  shelf.put(get("stays"), "v");
  const std::size_t before = shelf.store.committed_bytes();
  const Instant at{std::chrono::minutes(10)};
  for (std::size_t i = 0; i < 10; ++i) shelf.put(get("k" + std::to_string(i)), "v", at);
  CHECK(shelf.store.next_expiry() <= at + cache::ExpiryWheel::tick);
  CHECK(shelf.store.expire(at - cache::ExpiryWheel::tick, 1000) == 0);
  CHECK(shelf.store.entries_count() == 11);
  const Instant late = at + cache::ExpiryWheel::tick;
  std::size_t went = 0;
  for (int calls = 0; went < 10; ++calls) {
    REQUIRE(calls < 40);
    CHECK(shelf.store.next_expiry() <= late);
    const std::size_t step = shelf.store.expire(late, 3);
    CHECK(step <= 3);
    went += step;
    shelf.store.validate();
  }
  CHECK(shelf.store.next_expiry() == never);
  CHECK(shelf.find(get("stays")) != nullptr);
  CHECK(shelf.store.committed_bytes() == before);
}

TEST_CASE("a sweep erases the dead in steps, though the living are read meanwhile") {
  for (const EvictionPolicy policy : {EvictionPolicy::lru, EvictionPolicy::lfu}) {
    Shelf shelf({.bytes_max = 64'000, .policy = policy});
    for (std::size_t i = 0; i < 40; ++i) {
      shelf.put(get("k" + std::to_string(i)), "v", never,
                {.member = 0, .id = i % 2 == 0 ? 1u : 2u});
    }
    const auto is_dead = [](const cache::Entry& entry) { return entry.stamp().id == 1; };
    shelf.store.restart_sweep();
    std::size_t went = 0;
    for (std::size_t calls = 0; shelf.store.sweeps_count() == 0; ++calls) {
      REQUIRE(calls < 40);
      went += shelf.store.sweep(5, is_dead);
      CHECK(shelf.get(get("k" + std::to_string(calls % 20 * 2 + 1))));
      shelf.store.validate();
    }
    CHECK(went == 20);
    CHECK(shelf.store.entries_count() == 20);
  }
}

TEST_CASE("a store gives back in steps what its account has too much of") {
  Shelf shelf(roomy);
  for (std::size_t i = 0; i < 2000; ++i)
    shelf.put(get("k" + std::to_string(i)), std::string(1000, 'x'));
  CHECK(shelf.store.shrink(100) == 0);
  REQUIRE(shelf.test.budget.set_memory_limit(2'000'000).ok());
  const std::size_t over = shelf.account->excess();
  REQUIRE(over > 100'000);
  std::size_t went = 0;
  while (const std::size_t step = shelf.store.shrink(100)) {
    CHECK(step <= 100);
    went += step;
  }
  CHECK(shelf.account->excess() == 0);
  CHECK(went < over / 1000 + 10);
  CHECK(shelf.find(get("k0")) == nullptr);
  CHECK(shelf.find(get("k1999")) != nullptr);
  shelf.store.validate();
}

}  // namespace
}  // namespace plimsoll::testing::store_test
