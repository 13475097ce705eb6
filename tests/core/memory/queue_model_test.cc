#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <type_traits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/queue.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// Random operations on a Queue and on a std::deque give the same: with elements of which few fill a
// chunk and of which many do, below a bound that is mostly reached and below one that rarely is.

namespace plimsoll::testing::queue_model_test {
namespace {

template <std::size_t padding_bytes>
struct Padded {
  std::uint64_t number;
  std::byte padding[padding_bytes];
};

// Owns its number, and may only be moved.
struct Owner {
  explicit Owner(std::uint64_t value) : owned(std::make_unique<std::uint64_t>(value)) {}
  std::unique_ptr<std::uint64_t> owned;
};

template <std::size_t bytes>
std::uint64_t number_of(const Padded<bytes>& element) {
  return element.number;
}
std::uint64_t number_of(const Owner& element) { return *element.owned; }

template <class Element>
Element make(std::uint64_t number) {
  if constexpr (std::is_same_v<Element, Owner>) {
    return Owner(number);
  } else {
    return {.number = number, .padding = {}};
  }
}

template <class Element>
void expect_same(Queue<Element>& queue, const std::deque<std::uint64_t>& model) {
  REQUIRE(queue.size() == model.size());
  std::size_t index = 0;
  bool same = true;
  queue.for_each_from(0, [&](const Element& element) {
    same = same && number_of(element) == model[index++];
    return true;
  });
  REQUIRE(index == model.size());
  REQUIRE(same);
}

template <class Element>
void run(unsigned seed, std::size_t size_max) {
  std::minstd_rand random(seed);
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::requests);
  Queue<Element> queue(*account, size_max);
  std::deque<std::uint64_t> model;
  std::uint64_t last = 0;  // numbers go up
  for (int step = 0; step < 2000; ++step) {
    switch (random() % 16) {
      default: {
        const bool room = model.size() < size_max;
        const auto pushed = queue.push_back(make<Element>(++last));
        using Push = typename Queue<Element>::Push;
        REQUIRE(pushed == (room ? Push::accepted : Push::full));
        if (room) model.push_back(last);
        break;
      }
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
        if (!model.empty()) {
          REQUIRE(number_of(queue.front()) == model.front());
          REQUIRE(number_of(queue.back()) == model.back());
          queue.pop_front();
          model.pop_front();
        }
        break;
      case 8:
        if (!model.empty()) {
          queue.pop_back();
          model.pop_back();
        }
        break;
      case 6: {
        const std::uint64_t divisor = 1 + random() % 5;
        const auto unwanted = [divisor](std::uint64_t number) { return number % divisor == 0; };
        queue.erase_if([&](const Element& element) { return unwanted(number_of(element)); });
        std::erase_if(model, unwanted);
        break;
      }
      case 9:
        // Many chunks, now and then: then there is a directory of them.
        if (random() % 8 != 0) break;
        for (std::size_t i = random() % 200; i > 0 && model.size() < size_max; --i) {
          const std::uint64_t number = ++last;
          REQUIRE(queue.push_back(make<Element>(number)) == Queue<Element>::Push::accepted);
          model.push_back(number);
        }
        break;
      case 11: {
        const std::uint64_t wanted = random() % (last + 2);
        queue.pop_chunks_before(
            [wanted](const Element& element) { return number_of(element) < wanted; });
        REQUIRE(queue.size() <= model.size());
        for (; model.size() > queue.size(); model.pop_front()) REQUIRE(model.front() < wanted);
        break;
      }
      case 10: {
        const std::uint64_t wanted = random() % (last + 2);
        const auto is_before = [wanted](std::uint64_t number) { return number < wanted; };
        const auto bound = std::partition_point(model.begin(), model.end(), is_before);
        const auto is_element_before = [&](const Element& element) {
          return is_before(number_of(element));
        };
        const Element* const found = queue.lower_bound(is_element_before);
        REQUIRE((found == nullptr) == (bound == model.end()));
        if (found != nullptr) REQUIRE(number_of(*found) == *bound);
        std::vector<std::uint64_t> rest;
        queue.for_each_from_bound(is_element_before, [&](const Element& element) {
          rest.push_back(number_of(element));
          return true;
        });
        REQUIRE(std::equal(bound, model.end(), rest.begin(), rest.end()));
        break;
      }
      case 7:
        if (!model.empty()) {
          const std::size_t index = random() % model.size();
          REQUIRE(number_of(queue.at(index)) == model[index]);
        }
        break;
    }
    expect_same(queue, model);
    if (model.empty()) REQUIRE(test.used(PoolKind::requests) == 0);
  }
}

TEMPLATE_TEST_CASE("a queue does what a deque does, whatever comes", "", Padded<600>, Padded<8>,
                   Owner) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    for (const std::size_t size_max : {1u, 7u, 60u, 500u}) {
      INFO("seed " << seed << ", bound " << size_max);
      run<TestType>(seed, size_max);
    }
  }
}

}  // namespace
}  // namespace plimsoll::testing::queue_model_test
