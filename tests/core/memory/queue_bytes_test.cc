#include <cstddef>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/queue.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// What a queue costs, counted where memory leaves; and elements that own something.

namespace plimsoll::testing::queue_bytes_test {
namespace {

constexpr std::size_t object_bytes_max = 64;

template <std::size_t bytes>
struct Message {
  std::byte payload[bytes];
};

template <class T>
std::size_t bytes_when_full(std::size_t size_max) {
  const std::size_t payload = size_max * sizeof(T);
  return payload + payload / 20 + object_bytes_max + Queue<T>::chunk_header_bytes;
}

TEMPLATE_TEST_CASE("a queue costs nothing while it is empty, and its payload while it is full", "",
                   Message<8>, Message<128>, Message<1024>) {
  using Messages = Queue<TestType>;
  STATIC_REQUIRE(sizeof(Messages) <= object_bytes_max);
  for (const std::size_t size_max : {1u, 16u, 1024u}) {
    INFO(sizeof(TestType) << " bytes, " << size_max << " at most");
    TestBudget test({.memory_limit = 256 * 1024 * 1024});
    const AccountHandle account = test.budget.open_account(PoolKind::pushes);
    const std::size_t before = test.memory.bytes_out();
    const auto bytes_out = [&] { return test.memory.bytes_out() - before; };
    Messages queue(*account, size_max);
    CHECK(bytes_out() == 0);
    while (queue.push_back({}) != Messages::Push::full) {
    }
    CHECK(queue.size() == size_max);
    CHECK(bytes_out() == test.used(PoolKind::pushes));
    CHECK(sizeof(queue) + bytes_out() <= bytes_when_full<TestType>(size_max));
    // However long it goes on.
    std::minstd_rand random(1);
    for (std::size_t round = 0; round < 3 * size_max; ++round) {
      for (std::size_t i = random() % (2 * size_max) + 1; i > 0 && !queue.empty(); --i) {
        queue.pop_front();
      }
      while (queue.push_back({}) != Messages::Push::full) {
      }
      REQUIRE(sizeof(queue) + test.used(PoolKind::pushes) <= bytes_when_full<TestType>(size_max));
    }
    while (!queue.empty()) queue.pop_front();
    CHECK(test.used(PoolKind::pushes) == 0);
    test.budget.reclaim();
    CHECK(bytes_out() == 0);
  }
}

TEST_CASE("elements that own something are moved, and end when they are taken") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::pushes);
  const auto owned = std::make_shared<int>(7);
  {
    Queue<std::shared_ptr<int>> queue(*account, 100);
    for (int i = 0; i < 100; ++i) CHECK(queue.push_back(owned) != decltype(queue)::Push::full);
    std::shared_ptr<int> refused = owned;
    CHECK(queue.push_back(std::move(refused)) == decltype(queue)::Push::full);
    CHECK(refused == owned);
    refused.reset();
    CHECK(owned.use_count() == 101);
    for (int i = 0; i < 40; ++i) queue.pop_front();
    CHECK(owned.use_count() == 61);
    for (int i = 0; i < 20; ++i) CHECK(queue.push_back(owned) == decltype(queue)::Push::accepted);
    std::size_t index = 0;
    queue.erase_if([&](const std::shared_ptr<int>&) { return ++index % 4 == 0; });
    CHECK(queue.size() == 60);
    CHECK(owned.use_count() == 61);
    queue.for_each_from(0, [&](const std::shared_ptr<int>& each) {
      CHECK(each == owned);
      return true;
    });
  }
  CHECK(owned.use_count() == 1);
}

TEST_CASE("an element for which there is no memory stays with its owner") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::pushes);
  Queue<std::unique_ptr<int>> queue(*account, 100);
  auto owned = std::make_unique<int>(7);
  test.memory.refuse_one_after(0);
  CHECK(queue.push_back(std::move(owned)) == decltype(queue)::Push::out_of_budget);
  REQUIRE(owned);
  CHECK(test.used(PoolKind::pushes) == 0);
  CHECK(queue.push_back(std::move(owned)) == decltype(queue)::Push::accepted);
  CHECK_FALSE(owned);
  CHECK(*queue.front() == 7);
}

}  // namespace
}  // namespace plimsoll::testing::queue_bytes_test
