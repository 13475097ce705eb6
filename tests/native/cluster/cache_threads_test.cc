#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/cluster/cached_world.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Clients of a cluster that share a cache, in which other threads look things up meanwhile: what
// TSan is for.

namespace plimsoll::testing::native_cluster_cache_threads_test {
namespace {

using boost::asio::use_future;
using native::Client;

constexpr std::uint16_t first = 450;
constexpr std::uint16_t slots_moved = 6;

std::vector<std::string> keys() {
  std::vector<std::string> all;
  for (std::uint16_t slot = first; slot < first + slots_moved; ++slot) {
    all.push_back(key_in(slot, "shared"));
  }
  for (const std::uint16_t slot : {8000, 16'000}) all.push_back(key_in(slot, "shared"));
  return all;
}

class Threads {
 public:
  ~Threads() { stop(); }

  /// Calls `step(round)` again and again until stop().
  template <class Step>
  void add(Step step) {
    threads_.emplace_back([this, step] {
      try {
        for (std::size_t round = 0; !is_over_; ++round) step(round);
      } catch (const std::exception&) {
        ++failures_;
      }
    });
  }
  /// Returns how many have failed.
  std::size_t stop() {
    is_over_ = true;
    for (std::thread& each : threads_) each.join();
    threads_.clear();
    return failures_;
  }

 private:
  std::atomic<bool> is_over_ = false;
  std::atomic<std::size_t> failures_ = 0;
  std::vector<std::thread> threads_;
};

void read(Client& client, native::ClientSideCache& cache, std::size_t round) {
  const std::vector<std::string> all = keys();
  const std::string& key = all[round % all.size()];
  cached(client, key);
  get(client, key);
  const std::vector<std::string_view> views(all.begin(), all.end());
  client.visit_cached(commands::mget(views), [](const Value&) {});
  cached(client, key);
  if (round % 16 == 0) pass_barrier(cache);
  if (round % 8 == 0) value_of(client.get(key, {.max_staleness = Duration::zero()}, use_future));
  static_cast<void>(cache.cache_statistics());
  client.statistics();
}

TEST_CASE("threads look up what clients of a cluster share, while slots move and clients end") {
  ClusterGroup& group = shared_cluster();
  const auto cache = make_cluster_cache();
  boost::asio::thread_pool pool(2);
  {
    native::Options options = cluster_options();
    options.client_side_cache = cache;
    Client client = cached_member(group.url(), cache);
    Client found = finish(native::connect(pool.get_executor(), "valkey://" + group.address(1),
                                          options, use_future))
                       .value();
    Client other = member_of(group);
    Threads threads;
    for (Client* const each : {&client, &found}) {
      for (int i = 0; i < 2; ++i) {
        threads.add([&cache, each](std::size_t round) { read(*each, *cache, round); });
      }
    }
    threads.add([&](std::size_t round) {
      for (const std::string& key : keys()) set(other, key, std::to_string(round));
      const std::vector<std::string> all = keys();
      value_of(client.del({all[0], all[6]}, use_future));
    });
    threads.add([&](std::size_t round) {
      const bool is_told = round % 2 == 0;
      Client guest =
          cached_member(is_told ? group.url() : "valkey://" + group.address(2), cache, options);
      for (const std::string& key : keys()) static_cast<void>(guest.get(key, use_future));
      read(guest, *cache, round);
    });
    for (const std::size_t to : {1u, 2u, 0u}) {
      for (std::uint16_t slot = first; slot < first + slots_moved; ++slot) {
        group.move_slot(slot, to);
      }
    }
    CHECK(threads.stop() == 0);
    for (const std::string& key : keys()) set(other, key, "at last");
    pass_barrier(*cache);
    for (const std::string& key : keys()) {
      for (Client* const each : {&client, &found}) CHECK(get(*each, key) == "at last");
    }
    finish(found.close(use_future)).value();
  }
  pool.join();
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_cache_threads_test
