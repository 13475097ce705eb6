#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/pushes.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Several threads that share a client of a cluster: what TSan is for.

namespace plimsoll::testing::native_cluster_threads_test {
namespace {

using boost::asio::use_future;
using native::Client;

constexpr std::size_t threads_count = 4;
constexpr std::uint16_t first = 400;
constexpr std::uint16_t slots_moved = 8;

// Increments counters in slots that move until `is_over`; returns how often.
std::size_t increment(Client& client, const std::atomic<bool>& is_over) {
  std::size_t count = 0;
  while (!is_over) {
    const auto slot = static_cast<std::uint16_t>(first + count % slots_moved);
    value_of(client.incr(key_in(slot, "count"), use_future));
    ++count;
    client.topology();
    client.statistics();
  }
  return count;
}

void check_counts(Client& client) {
  ClusterGroup& group = shared_cluster();
  for (std::uint16_t slot = first; slot < first + slots_moved; ++slot) {
    value_of(client.del({key_in(slot, "count")}, use_future));
  }
  std::atomic<bool> is_over = false;
  std::atomic<std::size_t> sum = 0;
  std::atomic<std::size_t> failures = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < threads_count; ++i) {
    threads.emplace_back([&] {
      try {
        sum += increment(client, is_over);
      } catch (const std::exception&) {
        ++failures;
      }
    });
  }
  for (const std::size_t to : {1u, 2u, 0u}) {
    for (std::uint16_t slot = first; slot < first + slots_moved; ++slot) group.move_slot(slot, to);
  }
  is_over = true;
  for (std::thread& each : threads) each.join();
  CHECK(failures == 0);
  std::int64_t counted = 0;
  for (std::uint16_t slot = first; slot < first + slots_moved; ++slot) {
    counted += std::stoll(value_of(client.get(key_in(slot, "count"), use_future)).value_or("0"));
  }
  CHECK(counted == static_cast<std::int64_t>(sum));
}

TEST_CASE("four threads share a client on the shared thread while slots move") {
  Client client = member_of(shared_cluster());
  check_counts(client);
}

TEST_CASE("four threads share a client that four threads serve while slots move") {
  boost::asio::thread_pool pool(4);
  {
    Client client = finish(native::connect(pool.get_executor(), shared_cluster().url(),
                                           cluster_options(), use_future))
                        .value();
    check_counts(client);
    Pushes pushes(client, {.lists = {key_in(first, "list")}, .callers = threads_count});
    for (const std::size_t to : {1u, 0u}) {
      REQUIRE(pushes.go_on(100));
      shared_cluster().move_slot(first, to);
    }
    REQUIRE(pushes.go_on(100));
    REQUIRE(pushes.stop());
    CHECK(pushes.verdict(shared_cluster()) == Pushes::Verdict{});
    CHECK(pushes.refused() + pushes.in_doubt() == 0);
    finish(client.close(use_future)).value();
  }
  pool.join();
}

TEST_CASE("a client is destroyed while its calls to several nodes are under way") {
  for (int round = 0; round < 20; ++round) {
    std::vector<std::future<native::Result<void>>> calls;
    {
      Client client = member_of(shared_cluster());
      for (std::size_t i = 0; i < 200; ++i) {
        calls.push_back(client.set("ship:" + std::to_string(i), "here", use_future));
      }
    }
    std::size_t ended = 0;
    for (auto& each : calls) {
      const auto result = finish(std::move(each));
      if (result || result.error().executed() != Executed::yes) ++ended;
    }
    CHECK(ended == calls.size());
  }
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_threads_test
