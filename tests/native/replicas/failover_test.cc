#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/replicas/world.h"
#include "plimsoll/tests/support/sentinels.h"

// Failovers by sentinels, under the writes and reads of several callers.

namespace plimsoll::testing::native_replicas_failover_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Options;
using Clock = SwitchWatcher::Clock;

constexpr std::size_t callers_count = 8;
constexpr std::size_t rounds_seen_min = 5000;

// Every other caller reads for long before it writes again, so that replicas answer, too.
std::size_t reads_per_write(std::size_t caller) { return caller % 2 == 0 ? 1 : 2000; }

SentinelGroup& group() {
  static SentinelGroup all;
  return all;
}

// Callers that each write 1, 2, 3... to a key of their own, and read it after each write. A read
// must see what was acknowledged at the primary at which the client still is: what an earlier one
// had acknowledged may be lost with it.
class WritersAndReaders {
 public:
  WritersAndReaders(const std::string& url, Options options) {
    options.on_connection = [this](const native::ConnectionEvent& event) {
      using Kind = native::ConnectionEvent::Kind;
      const std::lock_guard lock(mutex_);
      if (event.kind == Kind::connected) ++primaries_;
      is_closed_ = event.kind == Kind::closed;
    };
    client_ = connected(url, std::move(options));
    for (std::size_t i = 0; i < callers_count; ++i) write(i);
  }
  ~WritersAndReaders() {
    stop();
    client_ = Client();
    eventually([this] {
      const std::lock_guard lock(mutex_);
      return is_closed_;
    });
  }
  WritersAndReaders(const WritersAndReaders&) = delete;
  WritersAndReaders& operator=(const WritersAndReaders&) = delete;

  Client& client() { return client_; }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    eventually([this] {
      const std::lock_guard lock(mutex_);
      return pending_ == 0;
    });
  }

  std::size_t rounds() const { return of(rounds_); }
  std::size_t primaries() const { return of(primaries_); }
  std::size_t reads_failed() const { return of(reads_failed_); }
  std::size_t writes_failed() const { return of(writes_failed_); }
  std::size_t old_values() const { return of(old_values_); }
  std::vector<std::string> errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

 private:
  static std::string key(std::size_t caller) { return "ship:" + std::to_string(caller); }

  std::size_t of(const std::size_t& count) const {
    const std::lock_guard lock(mutex_);
    return count;
  }

  void write(std::size_t caller) {
    std::uint64_t value = 0;
    {
      const std::lock_guard lock(mutex_);
      if (is_over_) return;
      value = ++values_[caller];
      ++pending_;
    }
    client_.set(key(caller), std::to_string(value),
                [this, caller, value](const native::Result<void>& result) {
                  std::size_t at = 0;
                  {
                    const std::lock_guard lock(mutex_);
                    at = result ? primaries_ : 0;
                    if (!result) note(result.error(), writes_failed_);
                  }
                  read(caller, {.value = value, .at = at, .left = reads_per_write(caller)});
                });
  }

  struct Written {
    std::uint64_t value;
    std::size_t at;    // the number of the primary that has acknowledged it; 0: none has
    std::size_t left;  // how many reads come before the next write
  };

  void read(std::size_t caller, Written last) {
    client_.get(key(caller),
                [this, caller, last](const native::Result<std::optional<std::string>>& result) {
                  bool goes_on = false;
                  {
                    const std::lock_guard lock(mutex_);
                    goes_on = last.left > 1 && !is_over_;
                    pending_ -= goes_on ? 0 : 1;
                    ++rounds_;
                    if (!result) {
                      note(result.error(), reads_failed_);
                    } else if (last.at == primaries_) {
                      old_values_ += *result && std::stoull(**result) >= last.value ? 0 : 1;
                    }
                  }
                  if (!goes_on) return write(caller);
                  read(caller, {.value = last.value, .at = last.at, .left = last.left - 1});
                });
  }

  void note(const native::Error& error, std::size_t& count) {
    ++count;
    if (errors_.size() < 10) errors_.push_back(error.what());
  }

  mutable std::mutex mutex_;
  std::vector<std::uint64_t> values_ = std::vector<std::uint64_t>(callers_count);
  std::vector<std::string> errors_;
  std::size_t primaries_ = 0;
  std::size_t rounds_ = 0;
  std::size_t reads_failed_ = 0;
  std::size_t writes_failed_ = 0;
  std::size_t old_values_ = 0;
  std::size_t pending_ = 0;
  bool is_over_ = false;
  bool is_closed_ = false;
  Client client_;
};

// Whether the client reads from all servers of the group but its primary.
bool are_read(const Client& client, std::size_t primary) {
  std::size_t ready = 0;
  for (const auto& each : client.topology().replicas) {
    if (each.address == group().address(primary)) return false;
    ready += each.state == ReplicaState::ready ? 1 : 0;
  }
  return ready == group().servers_count() - 1;
}

TEST_CASE("a failover under load: no read misses what its client wrote at the same primary") {
  const bool is_killed = GENERATE(false, true);
  INFO((is_killed ? "kill -9" : "SENTINEL FAILOVER"));
  group().settle();
  const std::size_t old = group().primary();
  group().ask(old, "FLUSHALL");
  WritersAndReaders load(group().url(), reading_options());
  REQUIRE(eventually([&] { return are_read(load.client(), old); }));
  REQUIRE(eventually([&] { return reads_at_replicas(load.client()) > rounds_seen_min; }));
  std::size_t rounds = load.rounds();
  REQUIRE(eventually([&] { return load.rounds() > rounds + rounds_seen_min; }));

  const auto begin = Clock::now();
  is_killed ? group().server(old).kill() : group().failover();
  group().first_switch(begin);
  REQUIRE(eventually([&] { return load.primaries() >= 2; }));
  rounds = load.rounds();
  REQUIRE(eventually([&] { return load.rounds() > rounds + rounds_seen_min; }));

  // The old primary comes back as a replica, and all replicas are read.
  group().settle();
  const std::size_t now = group().primary();
  CHECK(now != old);
  CHECK(load.client().topology().primary == group().address(now));
  REQUIRE(eventually([&] { return are_read(load.client(), now); }));
  const std::uint64_t before = reads_at_replicas(load.client());
  CHECK(eventually([&] { return reads_at_replicas(load.client()) > before + rounds_seen_min; }));
  load.stop();
  for (const std::string& error : load.errors()) UNSCOPED_INFO(error);
  CHECK(load.old_values() == 0);
  CHECK(load.reads_failed() <= callers_count);
  // A caller has one write under way at a time, so no more than that are in doubt at each loss.
  CHECK(load.writes_failed() <= callers_count);
}

// The sentinels tell where the primary is; the primary tells which replicas it has.
TEST_CASE("with sentinels, a replica that dies is not read until it is back") {
  group().settle();
  const std::size_t primary = group().primary();
  const std::size_t lost = primary == 0 ? 1 : 0;
  Client client = connected(group().url(), reading_options());
  REQUIRE(eventually_while_reading(client, [&] { return are_read(client, primary); }));
  CHECK(client.topology().kind == native::Topology::Kind::sentinel);
  group().server(lost).kill();
  REQUIRE(eventually_while_reading(
      client, [&] { return !is_in(client, group().address(lost), ReplicaState::ready); }));
  for (int i = 0; i < 100; ++i) finish(client.get("nobody writes this"));
  group().settle();
  REQUIRE(eventually_while_reading(client, [&] { return are_read(client, primary); }));
}

}  // namespace
}  // namespace plimsoll::testing::native_replicas_failover_test
