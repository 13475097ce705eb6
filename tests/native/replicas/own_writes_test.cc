#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/replicas/world.h"
#include "plimsoll/tests/support/replicas.h"
#include "plimsoll/transaction.h"

// A client never reads from a replica what it has overwritten itself.

namespace plimsoll::testing::native_replicas_own_writes_test {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_future;
using native::Client;
using native::Exclusive;
using native::Options;
using native::ReadFrom;
using Strings = std::vector<std::string>;

// A replica that has what was there before, and nothing that comes later: each write is followed at
// once by a read of what it has changed.
TEST_CASE("whatever has changed a key, a read of it that comes later is not answered from before") {
  ReplicaGroup group({.replicas = 1, .has_link = true});
  for (const char* line :
       {"MSET a old b old", "RPUSH list x y", "RPUSH queue q", "SADD set one", "HSET hash f old",
        "ZADD sorted 1 m", "RPUSH order 1 2", "MSET weight:1 1 weight:2 2", "SET number 5"}) {
    group.ask(0, line);
  }
  group.wait_until_online({1});
  Client client = reader_of(group, reading_options());
  group.link().stall();
  group.reset_calls();
  CHECK(finish(client.get("a")) == "old");
  CHECK(group.calls(1, "get") == 1);

  finish(client.set("a", "new"));
  CHECK(finish(client.get("a")) == "new");
  CHECK(finish(client.mget({"none", "a"})).back() == "new");
  finish(client.command("MSET", "b", "new", "c", "new"));
  CHECK(finish(client.get("b")) == "new");
  finish(client.incr("number"));
  CHECK(finish(client.get("number")) == "6");
  finish(client.del({"b"}));
  CHECK(finish(client.exists({"b"})) == 0);
  finish(client.command("RENAME", "a", "a2"));
  CHECK(finish(client.get("a")) == std::nullopt);
  CHECK(finish(client.get("a2")) == "new");
  finish(client.command("COPY", "a2", "a3"));
  CHECK(finish(client.get("a3")) == "new");
  finish(client.command("EXPIRE", "a3", "1000"));
  CHECK(finish(client.command<std::int64_t>("TTL", "a3")) > 0);
  finish(client.command("SUNIONSTORE", "both", "set", "none"));
  CHECK(finish(client.command<std::int64_t>("SCARD", "both")) == 1);
  finish(client.command("SORT", "order", "DESC", "STORE", "sorted order"));
  CHECK(finish(client.lrange("sorted order", 0, -1)) == Strings{"2", "1"});
  finish(client.command("GETDEL", "a3"));
  CHECK(finish(client.exists({"a3"})) == 0);
  finish(client.command("EVAL", "redis.call('SET', KEYS[1], 'script')", "1", "by script"));
  CHECK(finish(client.get("by script")) == "script");

  SECTION("a transaction") {
    auto tx = client.transaction();
    tx.set("t1", "new");
    tx.lpop("list");
    finish(tx.exec());
    CHECK(finish(client.get("t1")) == "new");
    CHECK(finish(client.lrange("list", 0, -1)) == Strings{"y"});
    auto script = client.transaction();
    script.command("EVAL", "redis.call('SET', 't2', 'script')", "0");
    finish(script.exec());
    CHECK(finish(client.get("t2")) == "script");
  }
  SECTION("an exclusive connection, and its transaction") {
    Exclusive own = finish(client.exclusive());
    finish(own.set("e1", "new"));
    CHECK(finish(client.get("e1")) == "new");
    finish(own.watch({"e1"}));
    auto tx = own.transaction();
    tx.set("e2", "new");
    tx.command("HSET", "hash", "f", "new");
    CHECK(finish(tx.exec()).committed());
    CHECK(finish(client.get("e2")) == "new");
    CHECK(finish(client.command<std::string>("HGET", "hash", "f")) == "new");
    finish(own.command("EVAL", "redis.call('SET', KEYS[1], 'script')", "1", "e3"));
    CHECK(finish(client.get("e3")) == "script");
    finish(own.command("EVAL", "redis.call('SET', 'e4', 'script')", "0"));
    CHECK(finish(client.get("e4")) == "script");
    auto last = own.transaction();
    last.command("EVAL", "redis.call('SET', 'e5', 'script')", "0");
    finish(last.exec());
    CHECK(finish(client.get("e5")) == "script");
  }
  SECTION("a command that waits") {
    CHECK(finish(client.blpop({"queue"}, std::chrono::seconds(0)))->element == "q");
    CHECK(finish(client.command<std::int64_t>("LLEN", "queue")) == 0);
    finish(client.command("BLMOVE", "list", "moved", "LEFT", "RIGHT", "0"));
    CHECK(finish(client.lrange("moved", 0, -1)) == Strings{"x"});
    CHECK(finish(client.lrange("list", 0, -1)) == Strings{"y"});
    // It waits until another client lets it through.
    auto popped = client.blpop({"late"}, std::chrono::seconds(0), use_future);
    group.ask(0, "RPUSH late first second");
    value_of(std::move(popped));
    CHECK(finish(client.lrange("late", 0, -1)) == Strings{"second"});
  }
  SECTION("a script that does not name what it writes") {
    finish(client.command("EVAL", "redis.call('SET', 'unnamed', 'script')", "0"));
    CHECK(finish(client.get("unnamed")) == "script");
  }
  SECTION("a command that the table does not know in this form") {
    finish(client.command("DEBUG", "OBJECT", "a2"));
    CHECK(finish(client.get("a2")) == "new");
  }
  SECTION("all keys") {
    finish(client.flushdb());
    CHECK(finish(client.get("number")) == std::nullopt);
    CHECK(finish(client.exists({"weight:1"})) == 0);
  }
  SECTION("keys that a read names only by a pattern") {
    finish(client.set("weight:1", "3"));
    CHECK(finish(client.command<Strings>("SORT_RO", "order", "BY", "weight:*")) ==
          Strings{"2", "1"});
    CHECK(finish(client.command<Strings>("SORT_RO", "order", "GET", "weight:*")) ==
          Strings{"3", "2"});
  }
  SECTION("the same for clients with a prefix") {
    Options options = reading_options();
    options.key_prefix = "dock:";
    group.link().heal();
    Client prefixed = reader_of(group, options);
    group.link().stall();
    finish(prefixed.set("a", "new"));
    CHECK(finish(prefixed.get("a")) == "new");
    auto tx = prefixed.transaction();
    tx.set("b", "new");
    finish(tx.exec());
    CHECK(finish(prefixed.get("b")) == "new");
  }
}

// Values that a caller has written, and read again.
struct Tally {
  std::uint64_t rounds = 0;
  std::uint64_t old_values = 0;

  void note(bool is_new) { old_values += is_new ? 0 : 1; }
};

struct Writer {
  Client& client;
  std::string key;
  std::string value;
  Exclusive own{};

  Writer(Client& at, std::string of) : client(at), key(std::move(of)) {}
};

// What a caller does once: it writes, and then reads.
using Round = awaitable<bool> (*)(Writer&);

awaitable<bool> set_and_get(Writer& writer) {
  co_await writer.client.set(writer.key, writer.value);
  const auto read = co_await writer.client.get(writer.key);
  co_return read == writer.value;
}

awaitable<bool> transact_and_get(Writer& writer) {
  auto tx = writer.client.transaction();
  tx.set(writer.key, writer.value);
  tx.set(writer.key + "'", writer.value);
  co_await tx.exec();
  const auto second = co_await writer.client.get(writer.key + "'");
  const auto first = co_await writer.client.get(writer.key);
  co_return first == writer.value&& second == writer.value;
}

awaitable<bool> transact_alone_and_get(Writer& writer) {
  auto tx = writer.own.transaction();
  tx.set(writer.key, writer.value);
  co_await tx.exec();
  const auto read = co_await writer.client.get(writer.key);
  co_return read == writer.value;
}

awaitable<bool> push_and_pop(Writer& writer) {
  const std::string list = writer.key + ":list";
  co_await writer.client.rpush(list, {writer.value});
  const auto one = co_await writer.client.lrange(list, 0, -1);
  const auto popped = co_await writer.client.blpop({list}, std::chrono::seconds(0));
  const auto none = co_await writer.client.lrange(list, 0, -1);
  co_await writer.client.set(writer.key, writer.value);  // for those who wait until it is read
  co_return one == Strings{writer.value} && popped->element == writer.value&& none.empty();
}

constexpr int writers_count = 8;
constexpr int rounds_count = 400;

// Each caller has a connection of its own, and waits on another one at times.
Options writers_options(ReadFrom from) {
  Options options = reading_options(from);
  options.blocking_connections_max = 2 * writers_count;
  return options;
}

// Once in a while a caller waits until replicas are proved to have what it wrote, so that they
// answer some of the reads, and the next write makes them old. With lowest_latency no replica may
// ever answer, because the primary is faster: there a caller waits for `reads_max` reads at most.
awaitable<void> write_and_read(Client& client, ReadFrom from, int number, Round round,
                               Tally& tally) {
  const int reads_max = from == ReadFrom::lowest_latency ? 500 : std::numeric_limits<int>::max();
  Writer writer(client, "ship:" + std::to_string(number));
  writer.own = co_await client.exclusive();
  for (int i = 0; i < rounds_count; ++i) {
    writer.value = std::to_string(i);
    const bool is_new = co_await round(writer);
    tally.note(is_new);
    ++tally.rounds;
    if (i % 100 != 0) continue;
    const std::uint64_t before = reads_at_replicas(client);
    for (int reads = 0; reads < reads_max && reads_at_replicas(client) == before; ++reads) {
      const auto read = co_await client.get(writer.key);
      tally.note(read == writer.value);
      co_await client.get("nobody writes this");  // no cache has it
    }
  }
}

void run_writers(Client& client, ReadFrom from, Round round, Tally& tally) {
  asio::io_context context;
  std::vector<std::future<void>> all;
  for (int i = 0; i < writers_count; ++i) {
    all.push_back(
        asio::co_spawn(context, write_and_read(client, from, i, round, tally), asio::use_future));
  }
  context.run_for(4 * patience());
  for (auto& each : all) finish(context, std::move(each));
}

struct Way {
  const char* name;
  Round round;
};

const Way ways[] = {{"SET", set_and_get},
                    {"MULTI", transact_and_get},
                    {"MULTI on an exclusive connection", transact_alone_and_get},
                    {"RPUSH and BLPOP", push_and_pop}};

TEST_CASE("callers who write and read at once never read what they wrote before") {
  static ReplicaGroup group;
  const ReadFrom from = GENERATE(ReadFrom::prefer_replica, ReadFrom::lowest_latency);
  const Way way = ways[GENERATE(0, 1, 2, 3)];
  INFO(way.name);
  group.ask(0, "FLUSHALL");
  Client client = reader_of(group, writers_options(from));
  Tally tally;
  run_writers(client, from, way.round, tally);
  CHECK(tally.rounds == writers_count * rounds_count);
  CHECK(tally.old_values == 0);
}

TEST_CASE("nor when most of their requests wait for a place") {
  ReplicaGroup group;
  const Way way = ways[GENERATE(0, 1)];
  INFO(way.name);
  Options options = writers_options(ReadFrom::prefer_replica);
  options.inflight_requests_limit = 3;
  Client client = reader_of(group, options);
  Tally tally;
  run_writers(client, ReadFrom::prefer_replica, way.round, tally);
  CHECK(tally.rounds == writers_count * rounds_count);
  CHECK(tally.old_values == 0);
}

TEST_CASE("nor when the replicas fall behind again and again") {
  ReplicaGroup group({.has_link = true});
  const Way way = ways[GENERATE(0, 1, 2, 3)];
  INFO(way.name);
  Client client = reader_of(group, writers_options(ReadFrom::prefer_replica));
  Tally tally;
  std::atomic<bool> is_over = false;
  std::thread weather([&] {
    while (!is_over) {
      group.link().stall();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      group.link().heal();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  run_writers(client, ReadFrom::prefer_replica, way.round, tally);
  is_over = true;
  weather.join();
  CHECK(tally.rounds == writers_count * rounds_count);
  CHECK(tally.old_values == 0);
}

TEST_CASE("nor through a cache, when the replicas fall behind again and again") {
  ReplicaGroup group({.has_link = true});
  const Way way = ways[GENERATE(0, 1, 2, 3)];
  INFO(way.name);
  Options options = writers_options(ReadFrom::prefer_replica);
  native::ClientSideCacheOptions wanted;
  wanted.max_cache_kb = 1024;
  wanted.enable_metrics = true;
  const auto cache = native::ClientSideCache::create(wanted).value();
  options.client_side_cache = cache;
  Client client = reader_of(group, options);
  Tally tally;
  std::atomic<bool> is_over = false;
  std::thread weather([&] {
    while (!is_over) {
      group.link().stall();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      group.link().heal();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  run_writers(client, ReadFrom::prefer_replica, way.round, tally);
  is_over = true;
  weather.join();
  CHECK(tally.rounds == writers_count * rounds_count);
  CHECK(tally.old_values == 0);
  CHECK(cache->cache_statistics().value().hits > 0);
  CHECK(reads_at_replicas(client) > 0);
}

}  // namespace
}  // namespace plimsoll::testing::native_replicas_own_writes_test
