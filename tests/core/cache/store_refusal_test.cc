#include <cstddef>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/cache/shelf.h"

// Each allocation of a store's life is refused in turn: some of its own entries give way, or it
// says that there is no memory; nothing is lost or charged for it.

namespace plimsoll::testing::store_refusal_test {
namespace {

using cache::EvictionPolicy;
using cache::Store;

Asked several(std::size_t number) {
  return {.row = 3,
          .key = "k" + std::to_string(number),
          .rest = {"m" + std::to_string(number % 7)},
          .more_begin = 0,
          .more_count = 1};
}

void use(Shelf& shelf, bool& refused) {
  for (std::size_t i = 0; i < 700; ++i) {
    const Instant expires_at = i % 3 == 0 ? Instant(std::chrono::seconds(i)) : never;
    const std::size_t before = shelf.store.entries_count();
    const Store::Inserted inserted = shelf.put(several(i), "reply", expires_at);
    if (inserted.outcome == Store::Outcome::no_memory) refused = true;
    const std::size_t stored = inserted.entry != nullptr ? 1 : 0;
    REQUIRE(shelf.store.entries_count() == before + stored - inserted.evicted);
    REQUIRE(inserted.evicted <= 1);
    if (inserted.entry != nullptr && i % 5 == 0) shelf.store.touch(*inserted.entry);
    if (inserted.evicted > 0 || stored == 0) shelf.store.validate();
    shelf.expect_counted();
  }
  shelf.store.validate();
}

TEST_CASE("every allocation may be refused, and the store is whole and goes on") {
  for (const EvictionPolicy policy : {EvictionPolicy::lru, EvictionPolicy::lfu}) {
    std::size_t refusals = 0;
    for (;; ++refusals) {
      INFO("refused the allocation after " << refusals);
      Shelf shelf({.bytes_max = 1'000'000, .policy = policy, .seed = 5});
      shelf.test.memory.refuse_one_after(refusals);
      bool refused = false;
      use(shelf, refused);
      // Only the very first entry has no other to give way for it.
      if (refused) CHECK(refusals < 6);
      if (!shelf.test.memory.has_refused()) break;
      shelf.store.clear();
      shelf.expect_counted();
    }
    CHECK(refusals > 700);
  }
}

TEST_CASE("a store whose account has nothing left makes room among its own") {
  Shelf shelf({.bytes_max = 60'000'000});
  for (std::size_t i = 0; i < 100; ++i) shelf.put(several(i), std::string(100, 'x'));
  const Filling filling(shelf.test.budget);
  REQUIRE(filling.full());
  shelf.begin_counting();
  const std::size_t bytes = shelf.store.committed_bytes();
  for (std::size_t i = 100; i < 200; ++i) {
    const Store::Inserted inserted = shelf.put(several(i), std::string(100, 'x'));
    REQUIRE(inserted.outcome == Store::Outcome::stored);
    REQUIRE(inserted.evicted <= 2);
  }
  CHECK(shelf.store.committed_bytes() <= bytes);
  CHECK(shelf.store.entries_count() > 90);
  shelf.store.validate();
}

TEST_CASE("a store that would have to give up too much says that there is no memory") {
  Shelf shelf({.bytes_max = 60'000'000});
  for (std::size_t i = 0; i < 100; ++i) shelf.put(several(i), "v");
  const Filling filling(shelf.test.budget);
  REQUIRE(filling.full());
  shelf.begin_counting();
  const Store::Inserted inserted = shelf.put(several(1000), std::string(1'000'000, 'x'));
  CHECK(inserted.outcome == Store::Outcome::no_memory);
  CHECK(inserted.evicted == Store::refusal_evictions_max);
  CHECK(shelf.store.entries_count() == 100 - Store::refusal_evictions_max);
  shelf.store.validate();
}

}  // namespace
}  // namespace plimsoll::testing::store_refusal_test
