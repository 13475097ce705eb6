#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/core/session/request_log.h"
#include "plimsoll/tests/core/memory/test_memory.h"
#include "plimsoll/tests/core/session/request_memory.h"

// A client of a cluster has a connection to each node, all of them below one line. Each connection
// at work has a log of requests and a reader.

namespace plimsoll::testing::many_connections_test {
namespace {

constexpr std::size_t connections_count = 64;
constexpr std::size_t mebibyte = 1024 * 1024;
constexpr std::string_view request = "*2\r\n$3\r\nGET\r\n$8\r\nship:100\r\n";

class Connection {
 public:
  Connection(Account& requests, Account& replies) : log_(requests), reader_(replies, {}) {}

  /// Returns whether there was room.
  bool send(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (log_.append(raw(request)) == RequestLog::no_room) return false;
    }
    return true;
  }

  /// Returns whether there was room for all of `bytes` without the progress reserve.
  bool receive(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::span<char> room = reader_.read_space(Reader::Reserve::leave);
      if (room.empty()) return false;
      const std::size_t part = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), part);
      reader_.handle_read(part);
      bytes.remove_prefix(part);
      while (reader_.next(true) == Reader::Poll::frame) ++replies_;
    }
    return true;
  }

  /// All requests have their replies.
  void finish() {
    log_.give_up(answered_, log_.end());
    answered_ = log_.end();
    reader_.release_idle();
  }

  std::size_t replies() const { return replies_; }

 private:
  RequestLog log_;
  Reader reader_;
  std::uint64_t answered_ = 0;
  std::size_t replies_ = 0;
};

class Cluster {
 public:
  Cluster() {
    for (std::size_t i = 0; i < connections_count; ++i) {
      connections_.push_back(std::make_unique<Connection>(*requests_, *replies_));
    }
  }

  const std::vector<std::unique_ptr<Connection>>& connections() const { return connections_; }

  PoolStatistics of(PoolKind kind) const { return budget_.statistics().pool(kind); }

 private:
  TestMemory memory_;
  Budget budget_{{.memory_limit = 4 * mebibyte, .borrowing = false}, memory_};
  AccountHandle requests_ = budget_.open_account(PoolKind::requests);
  AccountHandle replies_ = budget_.open_account(PoolKind::replies);
  std::vector<std::unique_ptr<Connection>> connections_;
};

TEST_CASE("a line of 4 MiB has room for 64 connections at work, all at once") {
  Cluster cluster;
  for (int round = 1; round <= 300; ++round) {
    for (const auto& connection : cluster.connections()) REQUIRE(connection->send(10));
    // Half of a reply is there, so all buffers are needed.
    for (const auto& connection : cluster.connections()) {
      REQUIRE(connection->receive("$100\r\n" + std::string(50, 'x')));
    }
    CHECK(cluster.of(PoolKind::requests).used <= connections_count * (chunk_bytes + 100));
    CHECK(cluster.of(PoolKind::replies).used <= connections_count * (chunk_bytes + 100));
    for (const auto& connection : cluster.connections()) {
      REQUIRE(connection->receive(std::string(50, 'x') + "\r\n"));
      connection->finish();
    }
  }
  for (const auto& connection : cluster.connections()) CHECK(connection->replies() == 300);
  CHECK(cluster.of(PoolKind::requests).refused == 0);
  CHECK(cluster.of(PoolKind::replies).refused == 0);
  CHECK(cluster.of(PoolKind::requests).used == 0);
  CHECK(cluster.of(PoolKind::replies).used == 0);
}

TEST_CASE("connections that are never at rest keep to small pages as well") {
  Cluster cluster;
  for (const auto& connection : cluster.connections()) {
    REQUIRE(connection->receive("$100\r\n" + std::string(50, 'x')));
  }
  for (int round = 1; round <= 300; ++round) {
    for (const auto& connection : cluster.connections()) {
      // One request is under way, or half a reply, at any time.
      REQUIRE(connection->receive(std::string(50, 'x') + "\r\n$100\r\n" + std::string(50, 'x')));
    }
  }
  CHECK(cluster.of(PoolKind::replies).used <= connections_count * 2 * (chunk_bytes + 100));
  CHECK(cluster.of(PoolKind::replies).refused == 0);
}

}  // namespace
}  // namespace plimsoll::testing::many_connections_test
