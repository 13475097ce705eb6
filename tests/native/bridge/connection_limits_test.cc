// How many there may be, at the bounds, with a clock of the test's own.

#include "plimsoll/native/bridge/entry/connection_limits.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::connection_limits_test {
namespace {

using bridge::ConnectionLimits;
using bridge::remembered_addresses_max;

TEST_CASE("as many may try at once as within a second, and again as it passes") {
  ConnectionLimits limits({.upgrades_per_second_per_address = 4});
  ConnectionLimits::Time now{};
  for (int i = 0; i < 4; ++i) CHECK(limits.attempt("a", now));
  CHECK_FALSE(limits.attempt("a", now));
  CHECK(limits.attempt("b", now));
  now += std::chrono::milliseconds(250);
  CHECK(limits.attempt("a", now));
  CHECK_FALSE(limits.attempt("a", now));
}

TEST_CASE("so many addresses are remembered, and the one that was quiet longest is forgotten") {
  ConnectionLimits limits({.upgrades_per_second_per_address = 1});
  const ConnectionLimits::Time now{};
  for (std::size_t i = 0; i < remembered_addresses_max; ++i) {
    CHECK(limits.attempt(std::to_string(i), now));
  }
  CHECK_FALSE(limits.attempt("0", now));  // which is then the last one
  CHECK(limits.attempt("another", now));
  CHECK(limits.remembered_addresses_count() == remembered_addresses_max);
  CHECK_FALSE(limits.attempt("0", now));
  CHECK(limits.attempt("1", now));
}

TEST_CASE("a place is somebody's until it ends, wherever it was moved") {
  ConnectionLimits limits({.connections_max = 1, .connections_per_address_max = 1});
  {
    ConnectionLimits::Place place = limits.take_place();
    const ConnectionLimits::Place moved = std::move(place);
    CHECK(moved);
    CHECK_FALSE(limits.take_place());
    CHECK(limits.connections_count() == 1);
  }
  CHECK(limits.connections_count() == 0);
  CHECK(limits.take_place());

  ConnectionLimits::Place of_address = limits.take_place_of_address("a");
  CHECK_FALSE(limits.take_place_of_address("a"));
  CHECK(limits.take_place_of_address("b"));
  CHECK_FALSE(limits.take_place_of_token("t", 0));
  of_address = ConnectionLimits::Place();
  CHECK(limits.take_place_of_address("a"));
}

TEST_CASE("addresses of one IPv6 network are one, for places and for attempts") {
  ConnectionLimits limits({.connections_per_address_max = 2, .upgrades_per_second_per_address = 2});
  const auto first = limits.take_place_of_address("2001:db8::1");
  CHECK_FALSE(limits.has_another(first));
  const auto second = limits.take_place_of_address("2001:db8::2");
  CHECK(limits.has_another(first));
  CHECK_FALSE(limits.take_place_of_address("2001:db8::ffff:ffff:ffff:ffff"));
  const auto other = limits.take_place_of_address("2001:db8:0:1::1");
  CHECK_FALSE(limits.has_another(other));
  const ConnectionLimits::Time now{};
  CHECK(limits.attempt("2001:db8::1", now));
  CHECK(limits.attempt("2001:db8::2", now));
  CHECK_FALSE(limits.attempt("2001:db8::3", now));
  CHECK(limits.attempt("2001:db8:0:1::1", now));
  CHECK(limits.remembered_addresses_count() == 2);
}

TEST_CASE("an IPv4 address is one, however it is written") {
  ConnectionLimits limits({.connections_per_address_max = 1, .ipv6_prefix_bits = 32});
  const auto first = limits.take_place_of_address("192.0.2.1");
  CHECK_FALSE(limits.take_place_of_address("::ffff:192.0.2.1"));
  CHECK(limits.take_place_of_address("192.0.2.2"));
}

TEST_CASE("networks are as large as the options say") {
  ConnectionLimits limits({.connections_per_address_max = 1, .ipv6_prefix_bits = 48});
  const auto first = limits.take_place_of_address("2001:db8:0:1::1");
  CHECK_FALSE(limits.take_place_of_address("2001:db8:0:2::1"));
  CHECK(limits.take_place_of_address("2001:db8:1::1"));
}

TEST_CASE("a tenth is for newcomers") {
  CHECK(bridge::without_newcomers_part(10'000) == 9000);
  CHECK(bridge::without_newcomers_part(19) == 18);
  CHECK(bridge::without_newcomers_part(9) == 9);
}

TEST_CASE("the commands of a token are bounded together, whichever connection they come by") {
  ConnectionLimits limits({.commands_per_second_per_token = 10});
  const auto first = limits.take_place_of_token("a", 2);
  const auto second = limits.take_place_of_token("a", 2);
  const auto others = limits.take_place_of_token("b", 2);
  const ConnectionLimits::Time now(std::chrono::hours(1));
  CHECK(limits.rate_of_token("a").left(now) == 10);
  limits.rate_of_token("a").spend(7);
  CHECK(limits.rate_of_token("a").left(now) == 3);
  CHECK(limits.rate_of_token("b").left(now) == 10);
}

TEST_CASE("threads that take places at the same time get no more than there are, and lose none") {
  ConnectionLimits limits({.connections_max = 5, .connections_per_address_max = 3});
  std::atomic<bool> are_too_many = false;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&limits, &are_too_many, token = std::to_string(thread % 2)] {
      for (int i = 0; i < 2000; ++i) {
        const auto of_token = limits.take_place_of_token(token, 1);
        auto of_address = limits.take_place_of_address("10.0.0.1");
        const auto first = limits.take_place();
        const auto second = limits.take_place();
        if (of_address) limits.begin_half_open(of_address);
        if (of_token) limits.rate_of_token(token).spend(1);
        limits.forget(std::chrono::steady_clock::now());
        if (limits.connections_count() > 5) are_too_many = true;
        if (i % 16 == 0) std::this_thread::yield();
      }
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK_FALSE(are_too_many);
  CHECK(limits.connections_count() == 0);
  std::vector<ConnectionLimits::Place> all;
  for (int i = 0; i < 3; ++i) CHECK(all.emplace_back(limits.take_place_of_address("10.0.0.1")));
  CHECK_FALSE(limits.has_another_half_open(all.front()));
  CHECK_FALSE(limits.take_place_of_address("10.0.0.1"));
}

TEST_CASE("whoever connects anew has sent what he has sent") {
  ConnectionLimits limits({.commands_per_second_per_token = 10});
  const ConnectionLimits::Time now(std::chrono::hours(1));
  {
    const auto place = limits.take_place_of_token("a", 1);
    CHECK(limits.rate_of_token("a").left(now) == 10);
    limits.rate_of_token("a").spend(7);
  }
  limits.forget(now);
  {
    const auto place = limits.take_place_of_token("a", 1);
    CHECK(limits.rate_of_token("a").left(now) == 3);
  }
  CHECK(limits.remembered_tokens_count() == 1);
  limits.forget(now + std::chrono::seconds(1));
  CHECK(limits.remembered_tokens_count() == 0);
}

}  // namespace
}  // namespace plimsoll::testing::connection_limits_test
