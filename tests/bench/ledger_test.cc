#include "plimsoll/bench/memory/ledger.h"

#include <cstdint>
#include <random>
#include <unordered_map>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::bench::ledger_test {
namespace {

const void* block_at(std::uint64_t address) { return reinterpret_cast<const void*>(address); }

TEST_CASE("the ledger knows whose each block is, in whatever order blocks come and go") {
  static Ledger ledger;
  ledger.open();
  std::unordered_map<std::uint64_t, Owner> model;
  std::minstd_rand random(1);
  int removed = 0;
  // Few addresses, so that each comes and goes often and neighbours in the table meet.
  for (int i = 0; i < 400'000; ++i) {
    const std::uint64_t address = 0x7f0000000000 + 16 * (random() % 300'000);
    const auto known = model.find(address);
    const std::optional<Owner> owner = ledger.remove(block_at(address));
    REQUIRE(owner.has_value() == (known != model.end()));
    if (known != model.end()) {
      REQUIRE(*owner == known->second);
      model.erase(known);
      ++removed;
      continue;
    }
    const auto mine = static_cast<Owner>(random() % owners_count);
    ledger.add(block_at(address), mine);
    model[address] = mine;
  }
  CHECK(removed > 100'000);
  for (const auto& [address, owner] : model) CHECK(ledger.remove(block_at(address)) == owner);
}

}  // namespace
}  // namespace plimsoll::bench::ledger_test
