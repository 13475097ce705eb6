#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"

// Who may have how much of a pool, when several want it.

namespace plimsoll::testing::levels_test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kib = 1024;
constexpr BudgetOptions fixed{.borrowing = false};

// A client that wants all that there is, in pieces, and gives back what it has too much of.
struct Greedy {
  explicit Greedy(Budget& budget)
      : account(budget.open_account(PoolKind::requests)), charge(*account) {}

  // Uses what it has, as a client that is at work does: something is released and taken all the
  // time.
  void work() {
    charge.shrink(std::min(charge.bytes(), std::max(account->excess(), piece)));
    take();
  }
  void take() {
    while (charge.grow(piece)) {
    }
  }

  static constexpr std::size_t piece = 16 * kib;
  AccountHandle account;
  Charge charge;
};

class Fleet {
 public:
  explicit Fleet(Budget& budget) : budget_(budget) {}

  void add(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) clients.push_back(std::make_unique<Greedy>(budget_));
  }

  // A tick of work: each has its turn some times, the first ones first.
  void tick() {
    for (int round = 0; round < 20; ++round) {
      for (const auto& client : clients) client->work();
    }
    now_ += budget_tick;
    budget_.handle_timeout(now_);
  }

  // Has each of them its part, as near as pieces allow?
  bool is_even(std::size_t pool) const {
    const std::size_t part = pool / clients.size();
    for (const auto& client : clients) {
      const std::size_t has = client->charge.bytes();
      if (has > part || has + 2 * Greedy::piece < part) return false;
    }
    return true;
  }

  std::vector<std::unique_ptr<Greedy>> clients;

 private:
  Budget& budget_;
  Instant now_{};
};

// The Budget says by itself that there is something to do.
void begin(Budget& budget) { CHECK(budget.poll_timeout(&budget, Instant{}) == Instant{1s}); }

TEST_CASE("clients that come and go move the shares within two ticks: 4, 8, 4") {
  TestBudget test(fixed);
  const std::size_t pool = test.of(PoolKind::requests).share;
  Fleet fleet(test.budget);
  fleet.add(4);
  for (const auto& client : fleet.clients) client->take();
  CHECK(fleet.clients.front()->charge.bytes() > pool - Greedy::piece);
  begin(test.budget);
  fleet.tick();
  fleet.tick();
  fleet.tick();
  CHECK(fleet.is_even(pool));

  fleet.add(4);
  fleet.tick();
  fleet.tick();
  CHECK(fleet.is_even(pool));

  fleet.clients.resize(4);
  fleet.tick();
  fleet.tick();
  CHECK(fleet.is_even(pool));
  test.budget.validate();
}

TEST_CASE("who needs less than an equal part leaves the rest to those who need more") {
  TestBudget test(fixed);
  const std::size_t pool = test.of(PoolKind::requests).share;
  Fleet fleet(test.budget);
  fleet.add(1);
  Greedy modest(test.budget);
  REQUIRE(modest.charge.grow(100 * kib));
  fleet.clients.front()->take();
  begin(test.budget);
  fleet.tick();
  fleet.tick();
  CHECK(fleet.is_even(pool - 100 * kib));
  CHECK(modest.charge.bytes() == 100 * kib);
}

TEST_CASE("where nobody asks for more than there is, nobody is held back") {
  TestBudget test(fixed);
  const std::size_t pool = test.of(PoolKind::requests).share;
  Greedy one(test.budget);
  Greedy two(test.budget);
  two.take();
  begin(test.budget);
  test.budget.handle_timeout(Instant{1s});
  REQUIRE_FALSE(two.charge.grow(pool));
  two.charge.shrink(two.charge.bytes());
  test.budget.handle_timeout(Instant{2s});
  test.budget.handle_timeout(Instant{3s});
  CHECK(one.charge.grow(pool));
}

TEST_CASE("an account says how much it has beyond its part, and how little it may have") {
  TestBudget test(fixed);
  const std::size_t pool = test.of(PoolKind::requests).share;
  Greedy one(test.budget);
  Greedy two(test.budget);
  REQUIRE(one.charge.grow(pool));
  REQUIRE_FALSE(two.charge.grow(1));
  CHECK(one.account->excess() == 0);
  begin(test.budget);
  test.budget.handle_timeout(Instant{1s});
  CHECK(one.account->excess() == pool - pool / 2);
  CHECK_FALSE(two.charge.grow(1));
  one.charge.shrink(pool - pool / 2);
  CHECK(one.account->excess() == 0);
  CHECK_FALSE(one.charge.grow(1));
  CHECK(two.charge.grow(pool / 2));
}

TEST_CASE("a pool that borrowed what another one lacks is to give it back, evenly") {
  TestBudget test({.memory_limit = 16 * kib * kib});
  const AccountHandle replies = test.budget.open_account(PoolKind::replies);
  Greedy borrower(test.budget);
  borrower.take();
  Charge reply(*replies);
  while (reply.grow(16 * kib)) {
  }
  const std::size_t share = test.of(PoolKind::replies).share;
  CHECK(reply.bytes() < share);
  CHECK(test.of(PoolKind::requests).target == test.of(PoolKind::requests).share);
  begin(test.budget);
  test.budget.handle_timeout(Instant{1s});
  CHECK(borrower.account->excess() > 0);
  borrower.charge.shrink(borrower.account->excess());
  while (reply.grow(16 * kib)) {
  }
  CHECK(reply.bytes() + 16 * kib > share);
}

TEST_CASE("a line that is lowered has everyone give back, and holds until they have") {
  TestBudget test(fixed);
  Greedy one(test.budget);
  Greedy two(test.budget);
  const std::size_t part = test.of(PoolKind::requests).share / 2;
  REQUIRE(one.charge.grow(part));
  REQUIRE(two.charge.grow(part));
  REQUIRE(test.budget.set_memory_limit(32 * kib * kib).ok());
  const std::size_t share = test.of(PoolKind::requests).share;
  CHECK(test.budget.statistics().target == 32 * kib * kib);
  CHECK(test.of(PoolKind::requests).target == share);
  CHECK(one.account->excess() == part - share / 2);
  one.charge.shrink(one.account->excess());
  two.charge.shrink(two.account->excess());
  CHECK(test.of(PoolKind::requests).used <= share);
  CHECK(test.budget.statistics().limit == 32 * kib * kib);
}

TEST_CASE("where there is not enough for all, those who come first have what they need") {
  TestBudget test({.memory_limit = memory_limit_min, .borrowing = false});
  Fleet fleet(test.budget);
  fleet.add(8);
  fleet.clients.front()->take();
  for (const auto& client : fleet.clients) CHECK_FALSE(client->charge.grow(Greedy::piece));
  begin(test.budget);
  test.budget.handle_timeout(Instant{1s});
  fleet.clients.front()->charge.shrink(fleet.clients.front()->charge.bytes());
  CHECK(fleet.clients.back()->charge.grow(2 * segment_bytes));
}

TEST_CASE("where there is for each what one client needs, the last one has its part in a tick") {
  constexpr std::size_t clients = 7;
  constexpr std::size_t needed = 2 * segment_bytes + 2 * chunk_bytes;
  TestBudget test({.memory_limit = 4 * memory_limit_min,
                   .requests = {.bytes = clients * needed},
                   .borrowing = false});
  Fleet fleet(test.budget);
  fleet.add(clients - 1);
  for (const auto& client : fleet.clients) client->take();
  Greedy late(test.budget);
  CHECK_FALSE(late.charge.grow(segment_bytes));
  begin(test.budget);
  fleet.tick();
  for (const auto& client : fleet.clients) client->work();
  CHECK(late.charge.grow(2 * segment_bytes));
  CHECK(test.of(PoolKind::requests).used <= clients * needed);
}

TEST_CASE("a line that makes no sense changes nothing") {
  TestBudget test(fixed);
  const Status refused = test.budget.set_memory_limit(1000);
  CHECK(refused.error().code == ErrorCode::invalid_option);
  CHECK(test.budget.statistics().limit == 64 * kib * kib);
  CHECK(test.budget.options().memory_limit == 64 * kib * kib);
}

}  // namespace
}  // namespace plimsoll::testing::levels_test
