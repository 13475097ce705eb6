#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/bridge/raw_connection.h"
#include "plimsoll/tests/native/bridge/shared/session_peer.h"
#include "plimsoll/tests/support/valkey_server.h"

// Clients of shared connections that keep what they read, and can come back.

namespace plimsoll::testing::resuming {

using namespace std::chrono_literals;

inline native::Options cached_options(std::uint64_t kilobytes = 4096) {
  native::ClientSideCacheOptions cache;
  cache.max_cache_kb = kilobytes;
  cache.coherence_lease = 1h;
  native::Options options = patient_options();
  options.topology = TopologyChoice::standalone;
  options.health_check_interval = 1h;
  options.client_side_cache = native::ClientSideCache::create(cache).value();
  return options;
}

inline std::string changed(const std::string& key) {
  return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
}
inline const std::string all_changed = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

struct World {
  explicit World(std::size_t memory_limit = std::size_t{64} << 20, std::size_t threads = 1,
                 std::uint64_t cache_kilobytes = 4096)
      : shared(server.url(), cached_options(cache_kilobytes), memory_limit, threads) {}

  void write(std::string_view key, std::string_view value) {
    other.exchange(resp("SET", key, value));
  }

  ValkeyServer server;
  SharedWorld shared;
  RawConnection other{server.socket_path()};
};

struct Client : SessionPeer {
  explicit Client(World& world) : SessionPeer(world.shared) {
    exchange(resp("HELLO", "3") + resp("CLIENT", "TRACKING", "ON"));
  }

  struct Answer {
    std::string in_front;  // what has come before it
    std::string name;
    std::string number;
    bool is_resumed = false;
  };

  template <class... Word>
  Answer resume(const Word&... words) {
    const std::string all = exchange(resp("CLIENT", "TRACKING", "RESUME", words...));
    const std::string begin = "*3\r\n$32\r\n";
    const std::size_t at = all.find(begin);
    REQUIRE(at != std::string::npos);
    const std::size_t number_at = at + begin.size() + 32 + 2;
    const std::size_t end = all.find("\r\n", number_at);
    return {.in_front = all.substr(0, at),
            .name = all.substr(at + begin.size(), 32),
            .number = all.substr(number_at + 1, end - number_at - 1),
            .is_resumed = all.substr(end) == "\r\n:1\r\n"};
  }

  std::string ask(const std::string& commands) {
    const std::string all = exchange(commands + resp("PING"));
    REQUIRE(all.ends_with("+PONG\r\n"));
    return all.substr(0, all.size() - 7);
  }
  std::string news() { return ask(""); }
};

/// A client has read the key and is gone. Returns what it has to come back with.
inline Client::Answer read_and_leave(World& world, std::string_view key) {
  Client client(world);
  const Client::Answer named = client.resume();
  client.ask(resp("GET", key));
  return named;
}

}  // namespace plimsoll::testing::resuming
