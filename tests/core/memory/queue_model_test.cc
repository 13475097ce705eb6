#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/queue.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// Random operations on a Queue and on a std::deque give the same.

namespace plimsoll::testing {
namespace {

struct Element {
  std::uint64_t number;
  std::byte padding[600];
};

void expect_same(Queue<Element>& queue, const std::deque<std::uint64_t>& model) {
  REQUIRE(queue.size() == model.size());
  std::size_t index = 0;
  bool same = true;
  queue.for_each_from(0, [&](const Element& element) {
    same = same && element.number == model[index++];
    return true;
  });
  REQUIRE(index == model.size());
  REQUIRE(same);
}

void run(unsigned seed) {
  std::minstd_rand random(seed);
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::requests);
  Queue<Element> queue(*account, 60);
  std::deque<std::uint64_t> model;
  for (std::uint64_t step = 0; step < 2000; ++step) {
    switch (random() % 16) {
      default: {
        const bool room = model.size() < 60;
        const auto pushed = queue.push_back(Element{.number = step, .padding = {}});
        REQUIRE(pushed == (room ? Queue<Element>::Push::accepted : Queue<Element>::Push::full));
        if (room) model.push_back(step);
        break;
      }
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
        if (!model.empty()) {
          REQUIRE(queue.front().number == model.front());
          REQUIRE(queue.back().number == model.back());
          queue.pop_front();
          model.pop_front();
        }
        break;
      case 6: {
        const std::uint64_t divisor = 1 + random() % 5;
        const auto unwanted = [divisor](std::uint64_t number) { return number % divisor == 0; };
        queue.erase_if([&](const Element& element) { return unwanted(element.number); });
        std::erase_if(model, unwanted);
        break;
      }
      case 7:
        if (!model.empty()) {
          const std::size_t index = random() % model.size();
          REQUIRE(queue.at(index).number == model[index]);
        }
        break;
    }
    expect_same(queue, model);
    if (model.empty()) REQUIRE(test.used(PoolKind::requests) == 0);
  }
}

TEST_CASE("a queue does what a deque does, whatever comes") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    run(seed);
  }
}

}  // namespace
}  // namespace plimsoll::testing
