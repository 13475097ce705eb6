#include "plimsoll/core/client/sent_requests.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::sent_requests_test {
namespace {

constexpr RequestId requests_limit = 10'000;

// A node and the requests that it has been sent. Ids rise, not always by one.
struct Model {
  explicit Model(std::size_t requests_max) : sent(*account, requests_max) {}

  void send() {
    if (!sent.has_room()) sent.make_room(*this);
    REQUIRE(sent.add({.id = next_id, .journey = {.number = static_cast<std::uint32_t>(next_id)}}));
    waiting.push_back(next_id);
    next_id += 1 + next_id % 2;
  }
  void answer(std::size_t count) {
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(count));
  }
  void expect_all() {
    for (const RequestId id : waiting) REQUIRE(sent.find(id)->journey.number == id);
  }
  std::size_t charged() const { return budget.used(PoolKind::requests); }

  // What SentRequests asks of a session.
  RequestId answered_until() const { return waiting.empty() ? next_id : waiting.front(); }
  bool live(RequestId id) const { return std::binary_search(waiting.begin(), waiting.end(), id); }

  TestBudget budget;
  AccountHandle account = budget.budget.open_account(PoolKind::requests);
  SentRequests sent;
  std::deque<RequestId> waiting;
  RequestId next_id = 1;
};

TEST_CASE("what is not answered is found, and there is room for it whatever was before it") {
  const auto seed = static_cast<unsigned>(GENERATE(range(1, 20)));
  const auto requests_max = GENERATE(1u, 7u, 300u, 2000u);
  CAPTURE(seed, requests_max);
  std::mt19937 random(seed);
  Model model(requests_max);
  for (int step = 0; step < 200; ++step) {
    const std::size_t room = requests_max - model.waiting.size();
    for (std::size_t i = room == 0 ? 0 : random() % room + 1; i > 0; --i) model.send();
    model.expect_all();
    model.answer(random() % (model.waiting.size() + 1));
  }
}

TEST_CASE(
    "at the bound there is room for as many as ended unsent, behind one that is not answered") {
  Model model(1000);
  for (int i = 0; i < 1000; ++i) model.send();
  for (int round = 0; round < 10; ++round) {
    model.waiting.erase(model.waiting.begin() + 1, model.waiting.end());
    for (int i = 1; i < 1000; ++i) model.send();
    model.expect_all();
  }
}

TEST_CASE("what is answered is forgotten by whole chunks, and a burst's memory is given back") {
  Model model(requests_limit);
  for (RequestId i = 0; i < requests_limit; ++i) model.send();
  CHECK(model.charged() >= requests_limit * sizeof(SentRequests::Request));
  model.answer(model.waiting.size());
  model.send();
  CHECK(model.charged() <= model.budget.budget.chunks().page_charge());
  const std::size_t most = 3 * model.budget.budget.chunks().page_charge();
  for (RequestId i = 0; i < requests_limit; ++i) {
    model.send();
    if (model.waiting.size() > 100) model.answer(1);
    REQUIRE(model.charged() <= most);
  }
  model.expect_all();
}

}  // namespace
}  // namespace plimsoll::testing::sent_requests_test
