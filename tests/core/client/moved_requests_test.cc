#include "plimsoll/core/client/moved_requests.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::moved_requests_test {
namespace {

constexpr std::size_t requests_max = 300;

RequestId id_of(std::uint64_t incarnation, std::uint64_t request) {
  return request_ids::on_side(41, incarnation, request);
}

TEST_CASE("requests are found, in whatever order they have left") {
  std::mt19937 random(static_cast<unsigned>(GENERATE(range(1, 20))));
  TestBudget budget;
  const AccountHandle account = budget.budget.open_account(PoolKind::requests);
  MovedRequests requests(*account, requests_max);
  std::vector<std::uint64_t> order(requests_max);
  std::iota(order.begin(), order.end(), std::uint64_t{1});
  std::shuffle(order.begin(), order.end(), random);
  std::map<RequestId, RequestId> model;
  for (const std::uint64_t n : order) {
    requests.add(id_of(n % 7, n * 16), n);
    model[id_of(n % 7, n * 16)] = n;
    CHECK(requests.has_left(id_of(n % 7, 0)));
    CHECK_FALSE(requests.has_left(id_of(7, 0)));
  }
  for (const auto& [from, to] : model) CHECK(requests.find(from) == to);
  CHECK(requests.find(id_of(1, 32)) == std::nullopt);
  // There is no room for more before some of them are answered.
  requests.add(id_of(8, 16), 1000);
  CHECK(requests.find(id_of(8, 16)) == std::nullopt);
  requests.forget([](RequestId to) { return to % 2 == 0; });
  for (const auto& [from, to] : model) CHECK(requests.find(from).has_value() == (to % 2 != 0));
  requests.add(id_of(8, 16), 1001);
  CHECK(requests.find(id_of(8, 16)) == 1001);
  requests.forget([](RequestId) { return true; });
  CHECK(requests.empty());
}

}  // namespace
}  // namespace plimsoll::testing::moved_requests_test
