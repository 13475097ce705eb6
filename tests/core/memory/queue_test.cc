#include "plimsoll/core/memory/queue.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/base/failed_check.h"
#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::queue_test {
namespace {

using IntQueue = Queue<int>;
constexpr auto accepted = IntQueue::Push::accepted;
constexpr std::size_t per_first = IntQueue::elements_in_first_chunk;
constexpr std::size_t per_chunk = IntQueue::elements_per_chunk;

struct QueueTest : TestBudget {
  explicit QueueTest(std::size_t size_max = SIZE_MAX) : queue(*account, size_max) {}

  void push(int from, int to) {
    for (int i = from; i < to; ++i) REQUIRE(queue.push_back(i) == accepted);
  }

  std::vector<int> all() {
    std::vector<int> values;
    queue.for_each_from(0, [&](int value) {
      values.push_back(value);
      return true;
    });
    return values;
  }

  std::size_t charged() const { return used(PoolKind::pushes); }

  AccountHandle account = budget.open_account(PoolKind::pushes);
  std::size_t first_chunk =
      memory.block_footprint(IntQueue::chunk_header_bytes + per_first * sizeof(int));
  std::size_t full_chunk = budget.chunks().page_charge();
  IntQueue queue;
};

TEST_CASE("a queue is first in, first out") {
  QueueTest test;
  test.push(0, 3);
  CHECK(test.queue.size() == 3);
  CHECK(test.queue.front() == 0);
  CHECK(test.queue.back() == 2);
  test.queue.pop_front();
  CHECK(test.queue.front() == 1);
  test.queue.pop_front();
  test.queue.pop_front();
  CHECK(test.queue.empty());
}

TEST_CASE("an empty queue has no memory, and is small") {
  QueueTest test;
  CHECK(test.charged() == 0);
  CHECK(sizeof(test.queue) <= 64);
  test.push(0, 1);
  CHECK(test.charged() == test.first_chunk);
  CHECK(test.first_chunk < 300);
  test.queue.pop_front();
  CHECK(test.charged() == 0);
}

TEST_CASE("a queue grows by a chunk at a time, and gives each back when it is drained") {
  QueueTest test;
  const int many = static_cast<int>(per_first + 3 * per_chunk);
  test.push(0, many);
  CHECK(test.charged() == test.first_chunk + 3 * test.full_chunk);
  test.push(many, many + 1);
  CHECK(test.charged() == test.first_chunk + 4 * test.full_chunk);
  for (std::size_t i = 0; i < per_first; ++i) test.queue.pop_front();
  CHECK(test.charged() == 4 * test.full_chunk);
  for (std::size_t i = 0; i < per_chunk; ++i) test.queue.pop_front();
  CHECK(test.charged() == 3 * test.full_chunk);
  CHECK(test.queue.front() == static_cast<int>(per_first + per_chunk));
  CHECK(test.queue.back() == many);
}

TEST_CASE("a queue is bounded by count") {
  QueueTest test(2);
  test.push(0, 2);
  CHECK(test.queue.push_back(2) == IntQueue::Push::full);
  CHECK(test.queue.size() == 2);
  test.queue.pop_front();
  CHECK(test.queue.push_back(3) == accepted);
  CHECK(test.all() == std::vector{1, 3});
}

TEST_CASE("a queue is bounded by its account, and keeps what it has") {
  QueueTest test;
  Charge others(*test.account);
  REQUIRE(others.grow(test.budget.limit(PoolKind::pushes) - test.first_chunk));
  test.push(0, static_cast<int>(per_first));
  CHECK(test.queue.push_back(7) == IntQueue::Push::out_of_budget);
  CHECK(test.queue.size() == per_first);
  CHECK(test.queue.back() == static_cast<int>(per_first) - 1);
  others.shrink(test.full_chunk);
  CHECK(test.queue.push_back(7) == accepted);
  CHECK(test.queue.back() == 7);
}

TEST_CASE("elements are found by their place") {
  QueueTest test;
  test.push(0, static_cast<int>(per_first + per_chunk + 5));
  test.queue.pop_front();
  test.queue.pop_front();
  for (const std::size_t index : {std::size_t{0}, std::size_t{1}, per_first - 3, per_first - 2,
                                  per_first + per_chunk - 3, per_first + per_chunk + 2}) {
    CHECK(test.queue.at(index) == static_cast<int>(index + 2));
  }
}

TEST_CASE("a full queue that goes on uses its slots anew, and is in order") {
  const std::size_t size_max = per_first + 2 * per_chunk + 3;
  QueueTest test(size_max);
  const int many = static_cast<int>(size_max);
  test.push(0, many);
  const std::size_t full = test.charged();
  const std::size_t asked = test.memory.requests_count();
  for (int i = 0; i < 3 * many; ++i) {
    test.queue.pop_front();
    test.push(many + i, many + i + 1);
    REQUIRE(test.queue.front() == i + 1);
    REQUIRE(test.queue.back() == many + i);
    REQUIRE(test.charged() == full);
  }
  CHECK(test.memory.requests_count() == asked);
  std::vector<int> expected(size_max);
  for (int i = 0; i < many; ++i) expected[static_cast<std::size_t>(i)] = 3 * many + i;
  CHECK(test.all() == expected);
  CHECK(test.queue.at(size_max - 1) == 4 * many - 1);
  test.queue.erase_if([](int value) { return value % 2 == 0; });
  std::erase_if(expected, [](int value) { return value % 2 == 0; });
  CHECK(test.all() == expected);
}

TEST_CASE("a visit begins where it is told, and ends when it has enough") {
  QueueTest test;
  const int first = static_cast<int>(per_first);
  const int count = static_cast<int>(per_first + per_chunk + 5);
  test.push(0, count);
  for (const int from : {0, 1, first - 1, first, first + 1, count - 6, count - 5, count - 1}) {
    std::vector<int> seen;
    test.queue.for_each_from(static_cast<std::size_t>(from), [&](int value) {
      seen.push_back(value);
      return seen.size() < 3;
    });
    CHECK(seen.front() == from);
    CHECK(seen.size() == static_cast<std::size_t>(count - from < 3 ? count - from : 3));
  }
  test.queue.for_each_from(static_cast<std::size_t>(count), [](int) {
    FAIL("nothing is there");
    return true;
  });
}

TEST_CASE("what is unwanted is erased, and the others keep their order") {
  QueueTest test;
  test.push(0, 10);
  test.queue.erase_if([](int value) { return value % 3 == 0; });
  CHECK(test.all() == std::vector{1, 2, 4, 5, 7, 8});
  test.push(10, 11);
  CHECK(test.all() == std::vector{1, 2, 4, 5, 7, 8, 10});
}

TEST_CASE("erasing gives back chunks that are empty then") {
  QueueTest test;
  test.push(0, static_cast<int>(per_first + 4 * per_chunk));
  test.queue.erase_if([](int value) { return value % 4 != 0; });
  CHECK(test.queue.size() == per_first / 4 + per_chunk);
  CHECK(test.charged() == test.first_chunk + test.full_chunk);
  test.queue.erase_if([](int) { return true; });
  CHECK(test.queue.empty());
  CHECK(test.charged() == 0);
  test.push(0, 3);
  CHECK(test.all() == std::vector{0, 1, 2});
}

TEST_CASE("erasing nothing changes nothing, also in an empty queue") {
  QueueTest test;
  test.queue.erase_if([](int) { return true; });
  test.push(0, 5);
  test.queue.erase_if([](int) { return false; });
  CHECK(test.all() == std::vector{0, 1, 2, 3, 4});
}

TEST_CASE("clearing gives back everything, and the queue goes on") {
  QueueTest test;
  test.push(0, static_cast<int>(2 * per_chunk));
  test.queue.clear();
  CHECK(test.queue.empty());
  CHECK(test.charged() == 0);
  test.push(7, 8);
  CHECK(test.queue.front() == 7);
}

TEST_CASE("large elements and small ones fit their chunks") {
  struct Large {
    std::byte bytes[3000];
  };
  STATIC_REQUIRE(Queue<Large>::elements_per_chunk == 1);
  STATIC_REQUIRE(Queue<Large>::elements_in_first_chunk == 1);
  STATIC_REQUIRE(Queue<char>::elements_per_chunk == chunk_bytes - Queue<char>::chunk_header_bytes);
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::pushes);
  Queue<Large> large(*account, 10);
  for (int i = 0; i < 3; ++i) {
    CHECK(large.push_back(Large{{static_cast<std::byte>(i)}}) == Queue<Large>::Push::accepted);
  }
  large.pop_front();
  CHECK(large.front().bytes[0] == std::byte{1});
  CHECK(large.back().bytes[0] == std::byte{2});
}

TEST_CASE("taking from an empty queue fails a CHECK") {
  CHECK(failed_check([] { QueueTest().queue.pop_front(); }) == "size_ > 0");
  CHECK(failed_check([] { QueueTest().queue.pop_back(); }) == "size_ > 0");
  CHECK(failed_check([] { static_cast<void>(QueueTest().queue.front()); }) == "size_ > 0");
  CHECK(failed_check([] { static_cast<void>(QueueTest().queue.back()); }) == "size_ > 0");
  CHECK(failed_check([] { static_cast<void>(QueueTest().queue.at(0)); }) == "index < size_");
}

}  // namespace
}  // namespace plimsoll::testing::queue_test
