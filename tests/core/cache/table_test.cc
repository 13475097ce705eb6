#include "plimsoll/core/cache/table.h"

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::table_test {
namespace {

using cache::IndexLink;
using cache::Table;

struct Fixture {
  TestBudget test;
  AccountHandle account = test.budget.open_account(PoolKind::cache);
  BoundedMemory memory{*account, 60'000'000};
  Table table{memory};
};

bool contains(const Table& table, const IndexLink& wanted) {
  const IndexLink* link = table.chain(wanted.hash);
  while (link != nullptr && link != &wanted) link = link->next_in_bucket;
  return link != nullptr;
}

TEST_CASE("a table grows and shrinks with its links, and finds each of them at every size") {
  Fixture fixture;
  Table& table = fixture.table;
  std::minstd_rand random(1);
  std::vector<IndexLink> links(20'000);
  for (std::size_t i = 0; i < links.size(); ++i) {
    links[i].hash = static_cast<std::uint32_t>(random()) * 2654435761u;
    const std::size_t before = fixture.memory.bytes();
    const std::size_t cost = table.bytes_to_reserve(1);
    REQUIRE(table.reserve(1));
    REQUIRE(fixture.memory.bytes() == before + cost);
    // What an insert takes is bounded: a chunk, and now and then a list of chunks.
    REQUIRE(cost <= 4096 + 64 + i / 32);
    table.add(links[i]);
    REQUIRE(contains(table, links[random() % (i + 1)]));
    if (i % 501 == 0) REQUIRE(table.validate() == fixture.memory.bytes());
  }
  CHECK(table.buckets_count() >= links.size());
  for (std::size_t i = links.size(); i-- > 0;) {
    table.remove(links[i]);
    if (i > 0) REQUIRE(contains(table, links[random() % i]));
    if (i % 501 == 0) REQUIRE(table.validate() == fixture.memory.bytes());
    REQUIRE(fixture.memory.bytes() <= 128 + i * 34 + 8192);
  }
  CHECK(fixture.memory.bytes() == 0);
}

TEST_CASE("a table that may not grow goes on with longer chains, and catches up in steps") {
  Fixture fixture;
  Table& table = fixture.table;
  std::vector<IndexLink> links(3000);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < links.size(); ++i) {
    links[i].hash = static_cast<std::uint32_t>(i) * 2654435761u;
    if (i > 10 && i < 2000) fixture.test.memory.refuse_one_after(0);
    const std::size_t buckets = table.buckets_count();
    REQUIRE(table.reserve(1));
    if (i > 0) REQUIRE(table.buckets_count() <= buckets + 4);
    if (fixture.test.memory.has_refused()) ++refused;
    fixture.test.memory.refuse_one_after(TestMemory::no_refusal);
    table.add(links[i]);
  }
  CHECK(refused > 1000);
  CHECK(table.buckets_count() > 1900);
  for (const IndexLink& link : links) REQUIRE(contains(table, link));
  CHECK(table.validate() == fixture.memory.bytes());
  for (IndexLink& link : links) table.remove(link);
  CHECK(fixture.memory.bytes() == 0);
}

TEST_CASE("a table without memory for its first chunk says so") {
  Fixture fixture;
  fixture.test.memory.refuse_one_after(0);
  CHECK_FALSE(fixture.table.reserve(1));
  CHECK(fixture.table.chain(5) == nullptr);
  CHECK(fixture.memory.bytes() == 0);
  REQUIRE(fixture.table.reserve(1));
  fixture.table.trim();
  CHECK(fixture.memory.bytes() == 0);
}

}  // namespace
}  // namespace plimsoll::testing::table_test
