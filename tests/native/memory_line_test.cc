#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/memory.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"

// The line of a process whose clients are at work while it moves.

namespace plimsoll::testing::memory_line_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::configure_memory;
using native::memory_statistics;
using native::MemoryStatistics;
using native::Reply;
using native::set_memory_limit;

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

std::vector<Reply> held_replies(Client& client, int count, std::size_t bytes) {
  value_of(client.set("line:held", std::string(bytes, 'x'), use_future));
  std::vector<Reply> replies;
  for (int i = 0; i < count; ++i) {
    replies.push_back(value_of(client.command({"GET", "line:held"}, use_future)));
  }
  return replies;
}

// Until all that the clients had is over, so that nobody is in the middle of it.
bool nobody_is_left() {
  return eventually([] {
    const MemoryStatistics now = memory_statistics();
    return now.clients == 0 && now.connections == 0 && now.accounts.empty();
  });
}

TEST_CASE("a line that is lowered is the target at once, and in force as memory is released") {
  REQUIRE(configure_memory({.memory_limit = "16 MiB"}));
  Client client = connected(unix_url());
  std::vector<Reply> replies = held_replies(client, 20, 200 * kib);
  const std::size_t used = memory_statistics().used;
  REQUIRE(used > 4 * mib - 200 * kib);

  REQUIRE(set_memory_limit("2 MiB"));
  MemoryStatistics now = memory_statistics();
  CHECK(now.target == 2 * mib);
  CHECK(now.limit >= now.used);
  CHECK(now.limit > 3 * mib);
  CHECK(now.limit <= used);
  // Nothing grows meanwhile.
  const native::Error refused = error_of(client.set("line:small", "x", use_future));
  CHECK(refused.code() == ErrorCode::rejected_by_limit);
  CHECK(refused.executed() == Executed::no);
  CHECK(memory_statistics().pool(PoolKind::requests).refused > 0);
  CHECK(client.statistics().client.rejected == 1);

  for (std::size_t last = now.limit; !replies.empty(); last = now.limit) {
    replies.pop_back();
    now = memory_statistics();
    CHECK(now.limit <= last);
    CHECK(now.used <= now.limit);
  }
  CHECK(now.limit == 2 * mib);
  value_of(client.set("line:small", "y", use_future));
  CHECK(value_of(client.get("line:small", use_future)) == "y");
}

TEST_CASE("a line that is raised is in force at once") {
  REQUIRE(configure_memory({.memory_limit = "16 MiB"}));
  Client client = connected(unix_url());
  const std::vector<Reply> replies = held_replies(client, 20, 200 * kib);
  REQUIRE(set_memory_limit("2 MiB"));
  CHECK(error_of(client.ping(use_future)).code() == ErrorCode::rejected_by_limit);

  REQUIRE(set_memory_limit("32 MiB"));

  CHECK(memory_statistics().limit == 32 * mib);
  CHECK(value_of(client.ping(use_future)) == "PONG");
  const std::vector<Reply> more = held_replies(client, 20, 400 * kib);
  CHECK(memory_statistics().used > 12 * mib);
}

TEST_CASE("what is refused while clients are at work changes nothing for them") {
  REQUIRE(configure_memory({.memory_limit = "16 MiB"}));
  Client client = connected(unix_url());
  const std::vector<Reply> replies = held_replies(client, 4, 200 * kib);
  const MemoryStatistics before = memory_statistics();
  CHECK_FALSE(set_memory_limit("64 KiB"));
  CHECK_FALSE(set_memory_limit("-64 MiB"));
  CHECK_FALSE(configure_memory({.pools = {.cache = {.ratio = 1}}}));
  const MemoryStatistics after = memory_statistics();
  CHECK(after.limit == before.limit);
  CHECK(after.target == before.target);
  CHECK(after.pool(PoolKind::replies).share == before.pool(PoolKind::replies).share);
  CHECK(value_of(client.ping(use_future)) == "PONG");
}

TEST_CASE("a client may ask for the line as it is now, and for no other") {
  REQUIRE(configure_memory({.memory_limit = "16 MiB"}));
  Client client = connected(unix_url());
  const std::vector<Reply> replies = held_replies(client, 20, 200 * kib);
  REQUIRE(set_memory_limit("2 MiB"));
  REQUIRE(memory_statistics().limit > 2 * mib);
  REQUIRE(set_memory_limit("8 MiB"));
  native::Options options = patient_options();
  options.memory_limit = "8192 KiB";
  Client same = connected(unix_url(), options);
  CHECK(value_of(same.ping(use_future)) == "PONG");
  options.memory_limit = "16 MiB";
  const auto other = finish(native::connect(unix_url(), options, use_future));
  REQUIRE_FALSE(other);
  CHECK(std::string(other.error().what()) ==
        "invalid_option: memory_limit is 16777216 bytes, but the process has a line of 8388608 "
        "bytes already; expected the same, or none");
}

TEST_CASE("two clients share one line: what one keeps, the other cannot have") {
  REQUIRE(configure_memory({.memory_limit = "4 MiB", .borrowing = false}));
  Client first = connected(unix_url());
  Client second = connected(tcp_url());
  value_of(first.set("line:shared", std::string(200 * kib, 's'), use_future));
  std::vector<Reply> kept;
  const auto ask = [](Client& client) {
    return finish(client.command({"GET", "line:shared"}, use_future));
  };
  auto last = ask(first);
  for (; last; last = ask(first)) kept.push_back(*std::move(last));
  CHECK(last.error().code() == ErrorCode::reply_too_large);
  REQUIRE(kept.size() > 1);

  const auto refused = ask(second);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::reply_too_large);

  kept.pop_back();
  CHECK(ask(second));
}

TEST_CASE("accounts add up to their pools, and say whose they are") {
  REQUIRE(nobody_is_left());
  REQUIRE(configure_memory({.memory_limit = "16 MiB"}));
  Client first = connected(unix_url());
  Client second = connected(tcp_url());
  const std::vector<Reply> replies = held_replies(first, 3, 100 * kib);
  const std::vector<Reply> others = held_replies(second, 2, 100 * kib);

  const MemoryStatistics now = memory_statistics();
  CHECK(now.clients == 2);
  CHECK(now.connections == 2);
  std::array<std::size_t, pools_count> used{};
  std::array<std::size_t, pools_count> accounts{};
  std::set<std::uint64_t> owners;
  for (const native::AccountStatistics& account : now.accounts) {
    used[static_cast<std::size_t>(account.pool)] += account.used;
    ++accounts[static_cast<std::size_t>(account.pool)];
    owners.insert(account.owner);
    CHECK(account.used <= account.limit);
    CHECK(account.used <= account.peak);
  }
  std::size_t sum = 0;
  for (std::size_t i = 0; i < pools_count; ++i) {
    const native::PoolStatistics& pool = now.pools[i];
    CHECK(pool.accounts == accounts[i]);
    CHECK(pool.used <= pool.limit);
    sum += pool.used;
    const auto kind = static_cast<PoolKind>(i);
    if (kind == PoolKind::connections) CHECK(pool.used > used[i]);
    if (kind == PoolKind::spare) CHECK(used[i] == 0);
    if (kind < PoolKind::connections) CHECK(pool.used == used[i]);
  }
  CHECK(sum == now.used);
  CHECK(now.used <= now.limit);
  CHECK(now.pool(PoolKind::replies).used > 500 * kib);

  const native::Statistics mine = first.statistics();
  const native::Statistics its = second.statistics();
  CHECK(owners == std::set{mine.owner, its.owner});
  CHECK(mine.accounts.size() + its.accounts.size() == now.accounts.size());
  const auto replies_of = [](const native::Statistics& statistics) {
    std::size_t bytes = 0;
    for (const auto& account : statistics.accounts) {
      CHECK(account.owner == statistics.owner);
      if (account.pool == PoolKind::replies) bytes += account.used;
    }
    return bytes;
  };
  CHECK(replies_of(mine) > 300 * kib);
  CHECK(replies_of(its) > 200 * kib);
  CHECK(replies_of(mine) + replies_of(its) == now.pool(PoolKind::replies).used);
}

TEST_CASE("calls that wait for memory are shown by their client, its account and the pool") {
  REQUIRE(configure_memory({.memory_limit = "2 MiB", .borrowing = false}));
  ValkeyServer server;
  native::Options options = patient_options();
  options.inflight_overflow = native::OnLimit::wait;
  Client client = connected(server.url(), options);
  server.pause();
  const std::string value(kib, 'v');
  std::vector<std::future<native::Result<void>>> calls;
  MemoryStatistics now;
  const auto waiting_calls = [&] { return client.statistics().client.waiting; };
  // What the system's buffers still take makes room again: until they are full.
  while (calls.size() < 1000 && now.pool(PoolKind::requests).waiting == 0) {
    calls.push_back(client.set("line:wait", value, use_future));
    if (waiting_calls() == 0) continue;
    CHECK(eventually([&] {
      now = memory_statistics();
      return now.pool(PoolKind::requests).waiting > 0 || waiting_calls() == 0;
    }));
  }
  CHECK(now.pool(PoolKind::requests).waiting > 0);
  CHECK(now.pool(PoolKind::requests).refused > 0);
  std::size_t waiting = 0;
  for (const auto& account : now.accounts) waiting += account.waiting;
  CHECK(waiting > 0);

  server.resume();
  for (auto& call : calls) value_of(std::move(call));
  CHECK(memory_statistics().pool(PoolKind::requests).waiting == 0);
  CHECK(client.statistics().client.waiting == 0);
  CHECK(client.statistics().client.waited > 0);
}

TEST_CASE("segments are live while they are held, then free, and given back when the line is low") {
  REQUIRE(configure_memory({.memory_limit = "16 MiB"}));
  Client client = connected(unix_url());
  std::vector<Reply> replies = held_replies(client, 10, 200 * kib);
  const MemoryStatistics full = memory_statistics();
  CHECK(full.segments.live >= 10 * 200 * kib);
  replies.clear();
  const MemoryStatistics empty = memory_statistics();
  CHECK(empty.segments.live < full.segments.live);
  CHECK(empty.segments.pooled > 0);
  CHECK(empty.segments.pooled <= empty.pool(PoolKind::spare).used);
  // The client may be at the end of its turn, and about to let go of a buffer.
  CHECK(eventually([] {
    REQUIRE(set_memory_limit("8 MiB"));
    return memory_statistics().segments.pooled == 0;
  }));
  CHECK(memory_statistics().segments.returned >= empty.segments.returned + empty.segments.pooled);
}

TEST_CASE("clients and connections are counted as they come and go") {
  REQUIRE(nobody_is_left());
  const ValkeyServer server;
  {
    Client client = connected(server.url());
    CHECK(memory_statistics().clients == 1);
    CHECK(memory_statistics().connections == 1);
    auto popped = client.command<std::vector<std::string>>({"BLPOP", "list", "0"}, use_future);
    CHECK(eventually([] { return memory_statistics().connections == 2; }));
    Client other = connected(server.url());
    CHECK(memory_statistics().clients == 2);
    CHECK(memory_statistics().connections == 3);
    value_of(other.close(use_future));
    CHECK(eventually([] { return memory_statistics().connections == 2; }));
    value_of(client.rpush("list", {"x"}, use_future));
    value_of(std::move(popped));
  }
  CHECK(nobody_is_left());
  const MemoryStatistics now = memory_statistics();
  CHECK(now.pool(PoolKind::connections).used == 0);
  CHECK(now.used == now.pool(PoolKind::spare).used);
}

TEST_CASE("a reply that outlives its client is still shown as its owner's") {
  REQUIRE(nobody_is_left());
  REQUIRE(configure_memory({.memory_limit = "16 MiB"}));
  std::vector<Reply> replies;
  std::uint64_t owner = 0;
  {
    Client client = connected(unix_url());
    owner = client.statistics().owner;
    replies = held_replies(client, 1, 100 * kib);
  }
  CHECK(eventually([] { return memory_statistics().clients == 0; }));
  CHECK(eventually([] { return memory_statistics().accounts.size() == 1; }));
  const MemoryStatistics now = memory_statistics();
  CHECK(now.accounts.front().owner == owner);
  CHECK(now.accounts.front().pool == PoolKind::replies);
  CHECK(now.accounts.front().used > 100 * kib);
  replies.clear();
  CHECK(memory_statistics().accounts.empty());
}

// Calls that follow each other: each outcome starts the next one.
class Caller {
 public:
  Caller(Client& client, int calls) : client_(client), left_(calls) {}

  void start() { call(); }
  std::future<void> done() { return done_.get_future(); }

  int served = 0;
  int refused = 0;
  std::string other;  // an outcome that there must not be

 private:
  void call() {
    if (left_-- == 0) return done_.set_value();
    if (left_ % 2 == 0) {
      client_.set("line:load", value_, [this](native::Result<void> set) { count(set); });
    } else {
      client_.get("line:load",
                  [this](native::Result<std::optional<std::string>> got) { count(got); });
    }
  }

  template <class T>
  void count(const native::Result<T>& result) {
    if (result) {
      ++served;
    } else if (result.error().code() == ErrorCode::rejected_by_limit ||
               result.error().code() == ErrorCode::reply_too_large) {
      ++refused;
    } else {
      other = result.error().what();
    }
    call();
  }

  Client& client_;
  int left_;
  std::string value_ = std::string(20 * kib, 'l');
  std::promise<void> done_;
};

TEST_CASE("while the line moves under load, nothing is above it and every call has its outcome") {
  REQUIRE(configure_memory({.memory_limit = "8 MiB"}));
  Client first = connected(unix_url());
  Client second = connected(tcp_url());
  std::vector<std::unique_ptr<Caller>> callers;
  std::vector<std::future<void>> done;
  constexpr int calls = 100;
  for (int i = 0; i < 40; ++i) {
    callers.push_back(std::make_unique<Caller>(i % 2 == 0 ? first : second, calls));
    done.push_back(callers.back()->done());
  }
  std::atomic<bool> over = false;
  std::thread mover([&over] {
    for (int i = 0; !over; ++i) {
      // Raised as often as lowered; once in a while to what cannot be.
      const char* const lines[] = {"2 MiB", "8 MiB", "1 KiB", "1 MiB", "16 MiB"};
      (void)set_memory_limit(lines[i % 5]);
      (void)configure_memory({.pools = {.requests = {.ratio = i % 2 == 0 ? 0.2 : 0.4}}});
    }
  });
  for (auto& caller : callers) caller->start();
  int looks = 0;
  for (auto& one : done) {
    while (one.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
      const MemoryStatistics now = memory_statistics();
      if (now.used > now.limit) FAIL_CHECK(now.used << " used, limit " << now.limit);
      if (++looks > 100'000) FAIL("a call did not end");
    }
  }
  over = true;
  mover.join();
  int served = 0;
  for (const auto& caller : callers) {
    CHECK(caller->other == "");
    CHECK(caller->served + caller->refused == calls);
    served += caller->served;
  }
  CHECK(served > 0);
  REQUIRE(configure_memory({.memory_limit = "8 MiB"}));
  CHECK(value_of(first.ping(use_future)) == "PONG");
  CHECK(value_of(second.ping(use_future)) == "PONG");
}

}  // namespace
}  // namespace plimsoll::testing::memory_line_test
