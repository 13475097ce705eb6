#include "plimsoll/core/cluster/seeds.h"

#include <array>
#include <set>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::seeds_test {
namespace {

using Order = std::vector<std::uint32_t>;

Order round_of(Seeds& seeds, std::uint64_t random_seed) {
  Order order;
  while (seeds.left() > 0) {
    seeds.draw(random_seed);
    order.push_back(static_cast<std::uint32_t>(seeds.current()));
  }
  return order;
}

TEST_CASE("a round has each address once, also the most addresses that there may be") {
  for (const std::uint32_t count : {1U, 2U, 3U, 63U, seeds_max}) {
    Seeds seeds(count);
    for (std::uint64_t round = 1; round < 20; ++round) {
      const Order order = round_of(seeds, round);
      CHECK(order.size() == count);
      CHECK(std::set(order.begin(), order.end()).size() == count);
      seeds.begin_round();
    }
  }
}

TEST_CASE("all orders of a round occur about equally often, over clients and over rounds") {
  std::array<int, 6> of_clients{};
  std::array<int, 6> of_rounds{};
  const std::array<Order, 6> orders{Order{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0},      {2, 0, 1}, {2, 1, 0}};
  const auto count = [&orders](std::array<int, 6>& counts, const Order& order) {
    for (std::size_t i = 0; i < orders.size(); ++i) counts[i] += orders[i] == order;
  };
  Seeds one(3);
  for (std::uint64_t i = 0; i < 600; ++i) {
    Seeds seeds(3);
    count(of_clients, round_of(seeds, i * 1000));
    one.begin_round();
    count(of_rounds, round_of(one, 12345 + i));
  }
  // A hundred each, on average; the deviation is about 9.
  for (const int times : of_clients) CHECK((times > 55 && times < 145));
  for (const int times : of_rounds) CHECK((times > 55 && times < 145));
}

TEST_CASE("addresses are ruled out for one round") {
  Seeds seeds(2);
  seeds.draw(1);
  seeds.rule_out();
  CHECK_FALSE(seeds.are_all_ruled_out());
  seeds.draw(1);
  seeds.rule_out();
  CHECK(seeds.are_all_ruled_out());
  seeds.begin_round();
  CHECK_FALSE(seeds.are_all_ruled_out());
}

}  // namespace
}  // namespace plimsoll::seeds_test
