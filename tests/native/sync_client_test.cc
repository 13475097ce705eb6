#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/scan.h"
#include "plimsoll/script.h"
#include "plimsoll/tests/native/cached.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/native/synchronous.h"

// A client whose calls block, used by one thread.

namespace plimsoll::testing::sync_client_test {
namespace {

using native::Result;
using native::SyncClient;
using namespace std::chrono_literals;

TEST_CASE("a call returns once its outcome is there") {
  SyncClient client = sync_connected(tcp_url());
  CHECK(client.set("sync:ship", "Great Eastern"));
  CHECK(client.get("sync:ship").value() == "Great Eastern");
  CHECK(client.get("sync:none").value() == std::nullopt);
  CHECK(client.del("sync:list").has_value());
  CHECK(client.command<std::int64_t>("RPUSH", "sync:list", "a", "b").value() == 2);
  CHECK(client.command({"LRANGE", "sync:list", "0", "-1"}).value().value().as_elements()->size() ==
        2);
}

TEST_CASE("errors are returned, those of the server and those before anything is sent") {
  SyncClient client = sync_connected(unix_url());
  REQUIRE(client.set("sync:text", "x"));
  CHECK(client.incr("sync:text").error().code() == ErrorCode::server_error);
  CHECK(client.command("SUBSCRIBE", "news").error().code() == ErrorCode::refused_command);
  CHECK(client.command("GET").error().code() == ErrorCode::invalid_argument);
  CHECK(client.command<std::int64_t>("GET", "sync:text").error().code() == ErrorCode::wrong_type);
}

TEST_CASE("connect() returns why there is no connection") {
  native::Options options;
  options.connect_timeout = 50ms;
  CHECK(SyncClient::connect("unix:///nowhere/at/all.sock", options).error().code() ==
        ErrorCode::connect_failed);
  CHECK(SyncClient::connect("valkey://:nonsense").error().code() == ErrorCode::invalid_option);
}

TEST_CASE("a timeout of one call ends it, and the client goes on") {
  SyncClient client = sync_connected(unix_url());
  const auto late = client.with_timeout(1ms).command("WAIT", "1", "60000");
  CHECK_FALSE(late);
  CHECK(client.ping().value() == "PONG");
}

TEST_CASE("a command that blocks waits for its element, and ends when its time is up") {
  SyncClient client = sync_connected(unix_url());
  REQUIRE(client.del("sync:queue"));
  CHECK_FALSE(client.blpop({"sync:queue"}, 10ms).value().has_value());
  std::thread other([] {
    SyncClient second = sync_connected(unix_url());
    second.rpush("sync:queue", {"job"}).value();
  });
  const auto popped = client.blpop({"sync:queue"}, patience()).value();
  other.join();
  REQUIRE(popped);
  CHECK(popped->element == "job");
}

TEST_CASE("a transaction executes when exec() returns") {
  SyncClient client = sync_connected(unix_url());
  REQUIRE(client.set("sync:visits", "1"));
  auto tx = client.transaction();
  const auto visits = tx.incr("sync:visits");
  const auto name = tx.get("sync:none");
  const auto done = tx.exec();
  REQUIRE(done);
  CHECK(done->get(visits) == 2);
  CHECK_FALSE(done->get(name));
  CHECK(tx.empty());
  CHECK(tx.exec().has_value());  // an empty one
}

TEST_CASE("an exclusive connection watches, and an optimistic transaction repeats") {
  SyncClient client = sync_connected(unix_url());
  REQUIRE(client.set("sync:stock", "5"));
  int attempts = 0;
  native::Queued<std::int64_t> left;
  const auto done = client.optimistic_transaction(
      {"sync:stock"}, [&](native::SyncExclusive& own) -> Result<native::SyncTransaction> {
        const auto stock = own.get("sync:stock");
        if (!stock) return stock.error();
        // Another user is faster, the first time.
        if (++attempts == 1) client.set("sync:stock", "4").value();
        auto tx = own.transaction();
        left = tx.decr("sync:stock");
        return tx;
      });
  REQUIRE(done);
  CHECK(attempts == 2);
  CHECK(done->get(left) == 3);
  auto own = client.exclusive();
  REQUIRE(own);
  CHECK(own->watch({"sync:stock"}));
  CHECK(own->unwatch());
  CHECK(own->blpop({"sync:queue"}, 1ms).error().code() == ErrorCode::refused_command);
  CHECK(own->command<void>("WATCH", "sync:stock"));
  CHECK(own->command("EXEC").error().what() ==
        std::string("refused_command: transactions are not sent command by command; expected "
                    "transaction() of this exclusive connection, which minds what it watches"));
}

TEST_CASE("an optimistic transaction goes on with another connection when its own was lost") {
  ValkeyServer server;
  native::Options options = patient_options();
  options.blocking_connections_max = 1;
  SyncClient client = sync_connected(server.url(), options);
  int attempts = 0;
  native::Queued<std::int64_t> number;
  const auto done = client.optimistic_transaction(
      {"number"}, [&](native::SyncExclusive& own) -> Result<native::SyncTransaction> {
        if (++attempts < 3) server.ask("CLIENT KILL ID " + std::to_string(own.client_id().value()));
        while (attempts < 3) {
          if (const auto alive = own.ping(); !alive) return alive.error();
        }
        auto tx = own.transaction();
        number = tx.incr("number");
        return tx;
      });
  INFO((done ? "" : done.error().what()));
  REQUIRE(done);
  CHECK(attempts == 3);
  CHECK(done->get(number) == 1);
}

TEST_CASE("a subscription's next() returns a message, or that there was none in time") {
  SyncClient client = sync_connected(unix_url());
  auto sub = client.subscribe({"sync:news"}).value();
  CHECK(sub.next(5ms).error().code() == ErrorCode::timed_out);
  CHECK(client.publish("sync:news", "first").value() == 1);
  CHECK(client.publish("sync:news", "second").value() == 1);
  CHECK(sub.next(patience()).value()->payload == "first");
  CHECK(sub.next(patience()).value()->payload == "second");
  CHECK(sub.psubscribe({"sync:al*"}));
  CHECK(client.publish("sync:alerts", "third").value() == 1);
  const auto some = sub.next_some().value();
  REQUIRE(some.size() == 1);
  CHECK(some.front().channel == "sync:alerts");
  sub.close();
  CHECK(sub.next().value() == std::nullopt);
}

TEST_CASE("a subscription outlives its client, and then has no more messages") {
  std::optional<native::SyncSubscription> sub;
  {
    SyncClient client = sync_connected(unix_url());
    sub = client.ssubscribe({"sync:shard"}).value();
  }
  CHECK(sub->next(patience()).value() == std::nullopt);
}

TEST_CASE("the cache serves reads, and the background thread reads what was changed by others") {
  native::Options options = patient_options();
  options.client_side_cache = make();
  SyncClient client = sync_connected(unix_url(), options);
  SyncClient other = sync_connected(unix_url());
  REQUIRE(other.set("sync:cached", "old"));
  CHECK(client.get("sync:cached").value() == "old");
  CHECK(eventually([&] { return client.cached<std::string>("GET", "sync:cached") == "old"; }));
  // From here on nobody calls `client`: the reads look into the cache alone.
  REQUIRE(other.set("sync:cached", "new"));
  CHECK(eventually([&] { return !client.cached<std::string>("GET", "sync:cached"); }));
  CHECK(client.get("sync:cached").value() == "new");
  CHECK(client.get("sync:cached", {.max_staleness = 1ms}).value() == "new");
}

TEST_CASE("scans and scripts take the client, and wait() waits for their calls") {
  SyncClient client = sync_connected(unix_url());
  const native::Script add("return tonumber(ARGV[1]) + tonumber(ARGV[2])");
  CHECK(client.wait(add.run<std::int64_t>(client, {}, {"2", "3"})).value() == 5);
  const native::Script wrong("return redis.error_reply('ERR no')");
  CHECK(client.wait(wrong.run(client)).error().code() == ErrorCode::server_error);
  REQUIRE(client.del("sync:set"));
  REQUIRE(client.sadd("sync:set", {"a", "b"}));
  native::SetScan scan(client, "sync:set");
  std::size_t members = 0;
  for (;;) {
    const auto page = client.wait(scan.next()).value();
    if (!page) break;
    members += page->size();
  }
  CHECK(members == 2);
}

TEST_CASE("close() waits, and later calls fail as closed") {
  SyncClient client = sync_connected(unix_url());
  auto tx = client.transaction();
  tx.ping();
  CHECK(client.close());
  CHECK(client.get("sync:ship").error().code() == ErrorCode::closed);
  CHECK(tx.exec().error().code() == ErrorCode::closed);
  CHECK(client.close());
}

TEST_CASE("a call from a callback is refused, because it would wait for itself") {
  SyncClient other = sync_connected(unix_url());
  std::optional<ErrorCode> code;
  native::Options options = patient_options();
  options.on_connection = [&](const native::ConnectionEvent& event) {
    if (event.kind != native::ConnectionEvent::Kind::connected) return;
    code = other.ping().error().code();
  };
  SyncClient client = sync_connected(unix_url(), options);
  CHECK(code == ErrorCode::refused_command);
  CHECK(other.ping().value() == "PONG");
  CHECK(client.close());
}

TEST_CASE("a call from the function that is asked for credentials is refused") {
  std::optional<ErrorCode> code;
  SyncClient other = sync_connected(unix_url());
  native::Options options = patient_options();
  options.credentials = [&](const native::CredentialsRequest& request) {
    code = other.ping().error().code();
    request.fail("there are none");
  };
  options.connect_timeout = 100ms;
  const auto client = SyncClient::connect(unix_url(), options);
  CHECK(client.error().code() == ErrorCode::credentials_failed);
  CHECK(code == ErrorCode::refused_command);
}

TEST_CASE("statistics count what a client has done") {
  SyncClient client = sync_connected(unix_url());
  client.ping().value();
  CHECK(client.statistics().client.submitted >= 1);
}

SyncClient& static_client() {
  static SyncClient client;
  return client;
}

TEST_CASE("a client that lives until static destruction serves") {
  static_client() = sync_connected(tcp_url());
  CHECK(static_client().ping().value() == "PONG");
}

}  // namespace
}  // namespace plimsoll::testing::sync_client_test
