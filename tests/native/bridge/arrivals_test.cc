// What connections have before they are admitted, and which of them make room for others.

#include "plimsoll/native/bridge/entry/arrivals.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"

namespace plimsoll::testing::arrivals_test {
namespace {

using bridge::Arrival;
using bridge::half_open_bytes;
using bridge::tls_handshake_bytes;

constexpr std::size_t memory_limit = std::size_t{16} << 20;

struct Client {
  Client(boost::asio::io_context& context, bridge::Arrivals& arrivals)
      : stream(bridge::Stream::Socket(context)), arrival(arrivals, stream) {}

  bridge::Stream stream;
  Arrival arrival;
};

struct World {
  explicit World(const bridge::ConnectionLimitOptions& options, std::size_t memory = memory_limit)
      : budget({.memory_limit = memory}, heap), limits(options) {}

  std::unique_ptr<Client> come() { return std::make_unique<Client>(context, arrivals); }

  // Null: it was refused.
  std::unique_ptr<Client> come(std::string_view address) {
    auto client = come();
    client->arrival.place_of_address = limits.take_place_of_address(address);
    if (!client->arrival.place_of_address || !client->arrival.admit().is_welcome()) return nullptr;
    return client;
  }

  std::size_t used() const { return budget.statistics().used - used_at_first; }

  boost::asio::io_context context;
  HeapMemory heap;
  Budget budget;
  AccountHandle account = budget.open_account(PoolKind::connections);
  std::size_t used_at_first = budget.statistics().used;
  bridge::Counters counters;
  bridge::ConnectionLimits limits;
  bridge::Arrivals arrivals{limits, budget, *account, counters};
};

std::string network(int number) { return "2001:db8:0:" + std::to_string(number) + "::1"; }

TEST_CASE("a connection has its place and pays as long as it lives") {
  World world({.connections_max = 10});
  {
    const auto client = world.come("192.0.2.1");
    REQUIRE(client);
    CHECK(world.used() == half_open_bytes);
    CHECK(world.limits.connections_count() == 1);
    CHECK(world.counters.half_open == 1);
    CHECK(client->arrival.pay(half_open_bytes + tls_handshake_bytes));
    CHECK(world.used() == half_open_bytes + tls_handshake_bytes);
    CHECK(client->arrival.pay(half_open_bytes));
    CHECK(world.used() == half_open_bytes);
    client->arrival.settle();
    CHECK(world.counters.half_open == 0);
    client->arrival.linger();
    CHECK(world.counters.half_open == 1);
  }
  CHECK(world.used() == 0);
  CHECK(world.limits.connections_count() == 0);
  CHECK(world.counters.half_open == 0);
}

TEST_CASE("without a place the connection that was half-open the longest makes room") {
  World world({.connections_max = 3});
  const auto settled = world.come("192.0.2.1");
  settled->arrival.settle();
  const auto first = world.come("192.0.2.2");
  const auto second = world.come("192.0.2.3");
  const auto third = world.come("192.0.2.4");
  REQUIRE(third);
  CHECK(first->arrival.is_dropped());
  CHECK_FALSE(second->arrival.is_dropped());
  CHECK_FALSE(settled->arrival.is_dropped());
  CHECK(world.limits.connections_count() == 3);
  CHECK(world.counters.dropped_half_open == 1);
  CHECK(world.used() == 3 * half_open_bytes);
}

TEST_CASE("a connection that lingers makes room before the half-open ones") {
  World world({.connections_max = 3});
  const auto first = world.come("192.0.2.1");
  const auto second = world.come("192.0.2.2");
  const auto third = world.come("192.0.2.3");
  third->arrival.linger();
  second->arrival.linger();
  const auto fourth = world.come("192.0.2.4");
  REQUIRE(fourth);
  CHECK(third->arrival.is_dropped());
  const auto fifth = world.come("192.0.2.5");
  REQUIRE(fifth);
  CHECK(second->arrival.is_dropped());
  CHECK_FALSE(first->arrival.is_dropped());
}

TEST_CASE("a client that asks for another page has been half-open since then") {
  World world({.connections_max = 2});
  const auto first = world.come("192.0.2.1");
  const auto second = world.come("192.0.2.2");
  first->arrival.wait();
  const auto third = world.come("192.0.2.3");
  REQUIRE(third);
  CHECK(second->arrival.is_dropped());
  CHECK_FALSE(first->arrival.is_dropped());
}

TEST_CASE("a network's only half-open connection is spared if another network has several") {
  World world({.connections_max = 4, .connections_per_address_max = 100});
  const auto only = world.come(network(1));
  const auto settled = world.come(network(1));
  settled->arrival.settle();
  const auto first = world.come(network(2));
  const auto second = world.come(network(2));
  const auto third = world.come(network(3));
  REQUIRE(third);
  CHECK(first->arrival.is_dropped());
  CHECK_FALSE(only->arrival.is_dropped());
  // Now each has only one.
  const auto fourth = world.come(network(4));
  REQUIRE(fourth);
  CHECK(only->arrival.is_dropped());
  CHECK_FALSE(second->arrival.is_dropped());
}

TEST_CASE("so many are examined for that, and no more") {
  World world({.connections_max = 1000, .connections_per_address_max = 1000}, 4 * memory_limit);
  std::vector<std::unique_ptr<Client>> clients;
  const std::size_t singles = GENERATE(bridge::examined_max - 1, bridge::examined_max);
  while (clients.size() < singles) {
    clients.push_back(world.come(network(static_cast<int>(clients.size()))));
  }
  while (clients.size() < 900) clients.push_back(world.come("192.0.2.1"));
  while (clients.size() < 1001) {
    clients.push_back(world.come(network(static_cast<int>(1000 + clients.size()))));
    if (clients.size() <= 1000) clients.back()->arrival.settle();
  }
  CHECK(world.counters.dropped_half_open == 1);
  const std::size_t dropped = singles < bridge::examined_max ? singles : 0;
  CHECK(clients[dropped]->arrival.is_dropped());
}

TEST_CASE("settled connections are never dropped, so the next one is refused") {
  World world({.connections_max = 2});
  const auto first = world.come("192.0.2.1");
  const auto second = world.come("192.0.2.2");
  first->arrival.settle();
  second->arrival.settle();
  const auto third = world.come();
  const bridge::Admission refusal = third->arrival.admit();
  CHECK(static_cast<unsigned>(refusal.status) == 503);
  CHECK(refusal.why == "connections_max");
  CHECK(world.counters.dropped_half_open == 0);
}

TEST_CASE("the last tenth of the places is for networks that hold none") {
  World world({.connections_max = 20, .connections_per_address_max = 100});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 18; ++i) {
    clients.push_back(world.come("2001:db8::" + std::to_string(i)));
    REQUIRE(clients.back());
    clients.back()->arrival.settle();
  }
  CHECK_FALSE(world.come("2001:db8::ffff"));
  clients.push_back(world.come(network(1)));
  REQUIRE(clients.back());
  CHECK_FALSE(world.come(network(1)));
  clients.push_back(world.come("192.0.2.1"));
  REQUIRE(clients.back());
  CHECK(world.limits.connections_count() == 20);
  CHECK(world.counters.dropped_half_open == 0);
}

TEST_CASE("a client whose network has its part drops nobody for a place that it does not get") {
  World world({.connections_max = 20, .connections_per_address_max = 100});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(world.come(network(i)));
  CHECK_FALSE(world.come(network(1)));
  CHECK(world.counters.dropped_half_open == 0);
  clients.push_back(world.come(network(20)));
  CHECK(clients.back());
  CHECK(world.counters.dropped_half_open == 1);
}

TEST_CASE("a proxy's client is a newcomer until its address is known") {
  World world({.connections_max = 10, .connections_per_address_max = 100});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 9; ++i) {
    clients.push_back(world.come("192.0.2.1"));
    clients.back()->arrival.settle();
  }
  const auto client = world.come();
  CHECK(client->arrival.admit().is_welcome());
  client->arrival.place_of_address = world.limits.take_place_of_address("192.0.2.1");
  CHECK_FALSE(client->arrival.admit().is_welcome());
  client->arrival.place_of_address = world.limits.take_place_of_address("192.0.2.2");
  CHECK(client->arrival.admit().is_welcome());
  CHECK(world.limits.connections_count() == 10);
}

TEST_CASE("without memory the connections that were half-open the longest make room") {
  World world({.connections_max = 100'000});
  constexpr std::size_t each = half_open_bytes + tls_handshake_bytes;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(world.come(network(i)));
    REQUIRE(clients.back());
    REQUIRE(clients.back()->arrival.pay(each));
    CHECK(world.budget.statistics().used <= memory_limit);
  }
  const std::uint64_t dropped = world.counters.dropped_half_open;
  CHECK(dropped >= 1000 - memory_limit / each);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    CHECK(clients[i]->arrival.is_dropped() == (i < dropped));
  }
}

TEST_CASE("the last tenth of the memory is for handshakes of networks that hold no place") {
  World world({.connections_max = 100'000, .connections_per_address_max = 100'000});
  std::vector<std::unique_ptr<Client>> clients;
  for (;;) {
    auto next = world.come("192.0.2.1");
    if (!next) break;
    next->arrival.settle();
    clients.push_back(std::move(next));
  }
  const std::size_t part =
      bridge::without_newcomers_part(world.budget.limit(PoolKind::connections));
  const std::size_t used = world.budget.statistics().pool(PoolKind::connections).used;
  CHECK(used <= part);
  CHECK(used + half_open_bytes > part);
  CHECK(world.counters.out_of_memory == 1);
  CHECK(world.come("192.0.2.2"));
}

TEST_CASE("nobody is dropped for more memory than all of them have") {
  World world({});
  const auto first = world.come("192.0.2.1");
  const auto second = world.come("192.0.2.2");
  CHECK_FALSE(second->arrival.pay(2 * memory_limit));
  CHECK(second->arrival.pay(half_open_bytes));
  const auto third = world.come("192.0.2.3");
  CHECK(third);
}

}  // namespace
}  // namespace plimsoll::testing::arrivals_test
