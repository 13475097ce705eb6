#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/scan.h"
#include "plimsoll/script.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/replicas/world.h"
#include "plimsoll/tests/support/replicas.h"
#include "plimsoll/tests/support/test_timeout.h"
#include "plimsoll/transaction.h"

// Which server answers what, as the servers themselves count it.

namespace plimsoll::testing::native_replicas_reads_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Options;
using native::ReadFrom;

ReplicaGroup& group() {
  static ReplicaGroup all;
  return all;
}

TEST_CASE("reads reach the replicas, and not the primary") {
  Options options = reading_options();
  options.protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  group().ask(0, "FLUSHALL");
  group().ask(0, "HSET hold coal 3 iron 4");
  group().ask(0, "RPUSH queue a b");
  seed(group(), "ship", "here");
  Client client = reader_of(group(), options);
  CHECK(only_these_answer(group(), client, {1, 2}));
  CHECK(finish(client.get("ship")) == "here");
  CHECK(finish(client.mget({"ship", "none"})) ==
        std::vector<std::optional<std::string>>{"here", std::nullopt});
  CHECK(finish(client.hgetall("hold")).at("coal") == "3");
  CHECK(finish(client.lrange("queue", 0, -1)) == std::vector<std::string>{"a", "b"});
  const native::Error error = error_of(client.command({"LLEN", "ship"}, use_future));
  CHECK(error.text().find("WRONGTYPE") != std::string_view::npos);
  CHECK(client.topology().replicas_problem.empty());
  CHECK(client.topology().primary == group().address(0));
}

TEST_CASE("a client that does not ask for it reads nothing from replicas, and knows none") {
  Client client = connected(group().url());
  CHECK(only_these_answer(group(), client, {0}));
  CHECK(client.topology().replicas.empty());
}

TEST_CASE("lowest_latency reads from all servers of one machine") {
  Client client = reader_of(group(), reading_options(ReadFrom::lowest_latency));
  CHECK(eventually([&] {
    const std::vector<std::uint64_t> all = shares(group(), client, "nobody writes this", 200);
    return all[0] + all[1] + all[2] == 200 && all[0] < 200;
  }));
}

TEST_CASE("a client whose address is a replica's refuses it, and says so") {
  Options options = reading_options();
  options.connect_timeout = test_timeout(std::chrono::seconds(1));
  const native::Error error =
      error_of(native::connect(group().server(1).url(), options, use_future));
  INFO(error.what());
  CHECK(error.text().find("replica") != std::string::npos);
}

// How often replicas have run a command.
std::uint64_t calls_at_replicas(std::string_view command) {
  return group().calls(1, command) + group().calls(2, command);
}

TEST_CASE("what is no single command that only reads keys goes to the primary") {
  seed(group(), "ship", "here");
  group().ask(0, "HSET hold coal 3 iron 4");
  group().ask(0, "SADD crew cook mate");
  Client client = reader_of(group(), reading_options());
  group().reset_calls();
  constexpr std::uint64_t times = 10;
  for (std::uint64_t i = 0; i < times; ++i) {
    finish(client.set("mine", "1"));
    auto tx = client.transaction();
    auto ship = tx.get("ship");
    CHECK(finish(tx.exec()).get(ship) == "here");
    finish(client.command("SCAN", "0"));
    finish(client.command("HSCAN", "hold", "0"));
    finish(client.command("SSCAN", "crew", "0"));
    finish(client.command("TOUCH", "ship"));
    finish(client.command("OBJECT", "IDLETIME", "ship"));
    finish(client.command("KEYS", "*"));
    finish(client.command("DBSIZE"));
    finish(client.command("EVAL", "return redis.call('STRLEN', KEYS[1])", "1", "ship"));
    finish(client.command("EVAL_RO", "return redis.call('STRLEN', KEYS[1])", "1", "ship"));
    const native::Script script("return redis.call('EXISTS', KEYS[1])");
    CHECK(value_of(script.run<std::int64_t>(client, {"ship"}, {}, use_future)) == 1);
    CHECK(value_of(script.run_readonly<std::int64_t>(client, {"ship"}, {}, use_future)) == 1);
    native::Exclusive own = finish(client.exclusive());
    CHECK(finish(own.command<std::int64_t>("HLEN", "hold")) == 2);
  }
  for (const char* name : {"get", "exec", "scan", "hscan", "sscan", "touch", "object|idletime",
                           "keys", "dbsize", "eval", "eval_ro", "evalsha", "evalsha_ro", "hlen"}) {
    INFO(name);
    CHECK(calls_at_replicas(name) == 0);
    CHECK(group().calls(0, name) >= times);
  }
  // A replica counts the writes that its primary sends it, and refuses those of others.
  for (const std::size_t replica : {1u, 2u}) {
    const std::string errors = group().ask(replica, "INFO errorstats");
    CHECK(errors.find("READONLY") == std::string::npos);
  }
}

TEST_CASE("reads that the table does not know as such are never refused by a replica") {
  seed(group(), "ship", "here");
  group().ask(0, "DEL queue flags");
  group().ask(0, "RPUSH queue 2 1");
  seed(group(), "flags", "a");
  Client client = reader_of(group(), reading_options());
  for (int i = 0; i < 10; ++i) {
    CHECK(finish(client.command<std::vector<std::string>>("SORT", "queue")) ==
          std::vector<std::string>{"1", "2"});
    CHECK(finish(client.command<std::vector<std::int64_t>>("BITFIELD", "flags", "GET", "u8",
                                                           "0")) == std::vector<std::int64_t>{97});
    CHECK(finish(client.command<std::string>("GETEX", "ship")) == "here");
    CHECK(finish(client.command<std::int64_t>("PFCOUNT", "nobody writes this")) == 0);
  }
  for (const std::size_t replica : {1u, 2u}) {
    CHECK(group().ask(replica, "INFO errorstats").find("READONLY") == std::string::npos);
  }
}

}  // namespace
}  // namespace plimsoll::testing::native_replicas_reads_test
