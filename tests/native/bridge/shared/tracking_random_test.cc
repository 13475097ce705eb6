// Clients that keep all they read over shared connections, while keys change in all ways: behind a
// PING, none of them has a value that was overwritten before it.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/core/base/random.h"
#include "plimsoll/tests/native/bridge/raw_connection.h"
#include "plimsoll/tests/native/bridge/shared/keeping_peer.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::tracking_random_test {
namespace {

native::Options options_with(std::uint64_t kilobytes) {
  native::ClientSideCacheOptions cache;
  cache.max_cache_kb = kilobytes;
  cache.enable_metrics = true;
  native::Options options = patient_options();
  options.topology = TopologyChoice::standalone;
  options.client_side_cache = native::ClientSideCache::create(cache).value();
  return options;
}

class World {
 public:
  // With 16 KiB entries are evicted all the time.
  World(ValkeyServer& server, std::uint64_t seed, std::size_t threads)
      : random_(seed),
        server_(server),
        world_(server.url(), options_with(random_.below(2) == 0 ? 16 : 1024), std::size_t{64} << 20,
               threads),
        other_(std::make_unique<RawConnection>(server.socket_path())) {
    server_.ask("FLUSHALL");
    for (std::size_t i = 0; i < peers_count; ++i) {
      peers_.push_back(std::make_unique<KeepingPeer>(world_));
    }
  }

  void step() {
    KeepingPeer& peer = *peers_[random_.below(peers_.size())];
    switch (random_.below(17)) {
      case 0:
      case 1:
      case 2:
      case 3: return peer.read(key());
      case 4: return peer.read(key(), key());
      case 5:
      case 6:
      case 7: return write_elsewhere();
      case 8: return write(peer);
      case 9:
      case 10: return check(peer);
      case 11:
        // All keys count as changed.
        if (random_.below(8) != 0) return peer.read(key());
        return write(peer, "EVAL", "return redis.call('SET',KEYS[1],ARGV[1])", "1");
      case 12: return delete_elsewhere();
      case 13: REQUIRE(peer.catch_up()); return;
      case 16: return lose_and_come_back(peer);
      case 14:
        if (random_.below(8) == 0) return flush();
        for (std::uint64_t i = random_.below(8); i > 0; --i) world_.run_one();
        return;
      default:
        if (random_.below(64) == 0) lose_connections();
        return;
    }
  }

  void check_all() {
    for (const auto& peer : peers_) check(*peer);
  }

  std::size_t checked() const { return checked_; }
  std::size_t resumed() const {
    std::size_t sum = 0;
    for (const auto& peer : peers_) sum += peer->resumed();
    return sum;
  }

 private:
  static constexpr std::size_t peers_count = 4;

  std::string key() { return "k" + std::to_string(random_.below(12)); }
  std::string next_value() {
    return std::to_string(++last_value_) + std::string(random_.below(600), '.');
  }

  // All that was written before it is seen.
  void check(KeepingPeer& peer) {
    REQUIRE(peer.prove());
    compare(peer);
  }

  // The answer to CLIENT TRACKING RESUME proves as much as that to PING.
  void check_without_proof(KeepingPeer& peer) {
    REQUIRE(peer.catch_up());
    compare(peer);
  }

  void compare(KeepingPeer& peer) {
    REQUIRE_FALSE(peer.has_ended());
    for (const auto& [key, value] : peer.kept()) {
      INFO(key);
      const auto found = truth_.find(key);
      CHECK(value == (found == truth_.end() ? std::nullopt : std::optional(found->second)));
      ++checked_;
    }
  }

  void write_elsewhere() {
    const std::string name = key();
    const std::string value = next_value();
    other_->exchange(resp("SET", name, value));
    truth_[name] = value;
  }

  void delete_elsewhere() {
    const std::string name = key();
    other_->exchange(resp("DEL", name));
    truth_.erase(name);
  }

  template <class... Words>
  void write(KeepingPeer& peer, const Words&... command) {
    const std::string name = key();
    const std::string value = next_value();
    if constexpr (sizeof...(command) == 0) {
      peer.run(resp("SET", name, value));
    } else {
      peer.run(resp(command..., name, value));
    }
    REQUIRE(peer.catch_up());
    truth_[name] = value;
  }

  void flush() {
    server_.ask("FLUSHALL");
    truth_.clear();
  }

  // The way to the bridge is cut in the middle of what comes, and back sooner or later.
  void lose_and_come_back(KeepingPeer& peer) {
    if (random_.below(2) == 0) peer.read(key());
    for (std::uint64_t i = random_.below(6); i > 0; --i) world_.run_one();
    const auto some = [&] { return random_.below(2) == 0 ? random_.below(200) : SIZE_MAX; };
    const std::size_t come = some();
    peer.lose(come, some(), random_.below(2) == 0);
    for (std::uint64_t i = random_.below(5); i > 0; --i) {
      random_.below(4) == 0 ? delete_elsewhere() : write_elsewhere();
      if (random_.below(2) == 0) world_.run_one();
    }
    peer.come_back();
    if (random_.below(2) == 0) return check_without_proof(peer);
    if (random_.below(2) == 0) peer.read(key());
    for (std::uint64_t i = random_.below(10); i > 0; --i) world_.run_one();
  }

  void lose_connections() {
    // A write that is under way could run or not.
    for (const auto& peer : peers_) REQUIRE(peer->catch_up());
    server_.ask("CLIENT KILL TYPE normal SKIPME yes");
    other_ = std::make_unique<RawConnection>(server_.socket_path());
    // The first command behind it would be in doubt, in each thread.
    for (std::size_t i = 0; i < world_.threads(); ++i) {
      SessionPeer(world_).exchange(resp("HELLO", "3") + resp("GET", "none"));
    }
  }

  Random random_;
  ValkeyServer& server_;
  SharedWorld world_;
  std::unique_ptr<RawConnection> other_;
  std::vector<std::unique_ptr<KeepingPeer>> peers_;
  std::map<std::string, std::string> truth_;
  std::uint64_t last_value_ = 0;
  std::size_t checked_ = 0;
};

}  // namespace

TEST_CASE("behind a PING nobody has what was overwritten before it") {
  static ValkeyServer server;
  const std::uint64_t seed = GENERATE(range<std::uint64_t>(1, 9));
  const std::size_t threads = GENERATE(1, 3);
  INFO("seed " << seed << ", threads " << threads);
  World world(server, seed, threads);
  for (int i = 0; i < 1500; ++i) world.step();
  world.check_all();
  CHECK(world.checked() > 100);
  CHECK(world.resumed() > 10);
}

}  // namespace plimsoll::testing::tracking_random_test
