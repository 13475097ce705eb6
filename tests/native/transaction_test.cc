#include "plimsoll/transaction.h"

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/deferred.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/support/temporary_directory.h"
#include "plimsoll/tests/support/valkey_server.h"

// Transactions on the connection that all share, against a real server.

namespace plimsoll::testing::transaction_test {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_future;
using native::Client;
using native::Transaction;
using native::TransactionReplies;

// The error of exec(), which must have one.
native::Error refusal(Transaction& tx) { return error_of(tx.exec(use_future)); }

TEST_CASE("a transaction gives each command's reply its type") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    co_await client.del("hits");
    co_await client.set("name", "Leviathan");
    auto tx = client.transaction();
    auto hits = tx.incr("hits");
    auto name = tx.get("name");
    auto none = tx.get("no such key");
    auto any = tx.command("SADD", "crew", "a", "b");
    auto typed = tx.command<std::vector<std::string>>({"SORT", "crew", "ALPHA"});
    auto stored = tx.set("name", "Great Eastern");
    auto done = co_await tx.exec();
    CHECK(done.committed());
    CHECK(done.size() == 6);
    CHECK(done.get(hits) == 1);
    CHECK(done.get(name) == "Leviathan");
    CHECK(done.get(none) == std::nullopt);
    CHECK(done.value(any).as_integer().value() == 2);
    CHECK(done.get(typed) == std::vector<std::string>{"a", "b"});
    done.get(stored);
    CHECK_FALSE(done.error(stored));
    const auto now = co_await client.get("name");
    CHECK(now == "Great Eastern");
    co_await client.del({"crew", "name"});
  }());
}

TEST_CASE("a transaction is empty after its execution, and can be filled again") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    co_await client.del("again");
    auto tx = client.transaction();
    auto first = tx.incr("again");
    auto done = co_await tx.exec();
    CHECK(tx.empty());
    auto second = tx.incr("again");
    auto later = co_await tx.exec();
    CHECK(done.get(first) == 1);
    CHECK(later.get(second) == 2);
    CHECK_THROWS_AS(later.get(first), native::Error);  // another transaction's
  }());
}

TEST_CASE("an empty transaction is executed at once, without the server") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    const auto before = client.statistics().client.counters.bytes_written;
    auto tx = client.transaction();
    auto done = co_await tx.exec();
    CHECK(done.committed());
    CHECK(done.size() == 0);
    CHECK(client.statistics().client.counters.bytes_written == before);
  }());
}

TEST_CASE("what is discarded is not executed") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    co_await client.del("gone");
    auto tx = client.transaction();
    tx.incr("gone");
    tx.discard();
    CHECK(tx.empty());
    co_await tx.exec();
    {
      client.transaction().incr("gone");
    }
    const auto there = co_await client.exists("gone");
    CHECK(there == 0);
  }());
}

TEST_CASE("a command that fails while it is executed fails alone") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    co_await client.set("text", "abc");
    co_await client.del("number");
    auto tx = client.transaction();
    auto before = tx.incr("number");
    auto wrong = tx.lpush("text", "x");
    auto after = tx.incr("number");
    auto done = co_await tx.exec();
    CHECK(done.committed());
    CHECK(done.get(before) == 1);
    CHECK(done.get(after) == 2);
    const auto error = done.error(wrong);
    CHECK(error->code() == ErrorCode::server_error);
    CHECK(error->server_code() == "WRONGTYPE");
    CHECK_THROWS_AS(done.get(wrong), native::Error);
    CHECK_FALSE(done.error(after));
  }());
}

TEST_CASE("a command that the server does not take aborts the transaction, and is named") {
  Client client = connected(unix_url());
  finish(client.del("untouched"));
  auto tx = client.transaction();
  tx.incr("untouched");
  tx.command("NOSUCHCOMMAND", "a");
  tx.command("NEITHERTHIS");
  const native::Error error = refusal(tx);
  CHECK(error.code() == ErrorCode::transaction_aborted);
  CHECK(error.executed() == Executed::no);
  CHECK(error.server_text().starts_with("ERR unknown command 'NOSUCHCOMMAND'"));
  CHECK(error.text().ends_with("(to command 2, NOSUCHCOMMAND: none has run)"));
  CHECK(finish(client.exists("untouched")) == 0);
}

TEST_CASE("a command that cannot be queued is refused before anything is sent") {
  Client client = connected(unix_url());
  const auto sent = client.statistics().client.counters.bytes_written;
  auto tx = client.transaction();
  tx.incr("untouched");
  SECTION("it changes the connection's state") { tx.command("SELECT", "1"); }
  SECTION("it subscribes") { tx.command("SUBSCRIBE", "news"); }
  SECTION("it belongs to transactions") { tx.command("WATCH", "k"); }
  SECTION("it waits") { tx.blpop({"list"}, std::chrono::seconds(1)); }
  SECTION("it waits, in words") { tx.command("BLPOP", "list", "1"); }
  const native::Error error = refusal(tx);
  CHECK(error.code() == ErrorCode::refused_command);
  CHECK(error.executed() == Executed::no);
  CHECK(error.text().ends_with("(command 2 of the transaction)"));
  CHECK(client.statistics().client.counters.bytes_written == sent);
}

TEST_CASE("too few or too many words are refused before anything is sent") {
  Client client = connected(unix_url());
  auto tx = client.transaction();
  SECTION("too few") { tx.command("GET"); }
  SECTION("too many") { tx.command("GET", "a", "b"); }
  SECTION("none") { tx.command(""); }
  tx.incr("after");
  const native::Error error = refusal(tx);
  CHECK(error.code() == ErrorCode::invalid_argument);
  CHECK(error.text().ends_with("(command 1 of the transaction)"));
}

TEST_CASE("arguments of commands in a transaction may hold any bytes") {
  Client client = connected(unix_url());
  const std::string odd("\r\n$3\r\n\0EXEC", 12);
  auto tx = client.transaction();
  tx.set(odd, odd);
  auto read = tx.get(odd);
  auto done = finish(tx.exec());
  CHECK(done.get(read) == odd);
  finish(client.del(odd));
}

TEST_CASE("a transaction has a bounded number of commands") {
  Client client = connected(unix_url());
  finish(client.del("many"));
  auto tx = client.transaction();
  native::Queued<std::int64_t> last;
  for (std::size_t i = 0; i < native::transaction_commands_max; ++i) last = tx.incr("many");
  SECTION("as many are executed") {
    auto done = finish(tx.exec());
    CHECK(done.get(last) == static_cast<std::int64_t>(native::transaction_commands_max));
  }
  SECTION("one more is refused, and so are all") {
    tx.incr("many");
    CHECK(refusal(tx).code() == ErrorCode::rejected_by_limit);
    CHECK(finish(client.exists("many")) == 0);
  }
}

TEST_CASE("nobody's commands come between those of a transaction") {
  Client client = connected(unix_url());
  finish(client.del("shared"));
  std::vector<std::future<native::Result<std::int64_t>>> others;
  std::vector<std::future<native::Result<TransactionReplies>>> transactions;
  std::vector<std::pair<native::Queued<std::int64_t>, native::Queued<std::int64_t>>> queued;
  for (int i = 0; i < 200; ++i) {
    others.push_back(client.incr("shared", use_future));
    auto tx = client.transaction();
    auto first = tx.incr("shared");
    auto second = tx.incr("shared");
    queued.emplace_back(first, second);
    transactions.push_back(tx.exec(use_future));
  }
  for (std::size_t i = 0; i < transactions.size(); ++i) {
    auto done = value_of(std::move(transactions[i]));
    CHECK(done.get(queued[i].second) == done.get(queued[i].first) + 1);
    CHECK(value_of(std::move(others[i])) == done.get(queued[i].first) - 1);
  }
}

TEST_CASE("a transaction can be started later, and takes along what it needs") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    co_await client.del("later");
    native::Queued<std::int64_t> queued;
    auto lazily = [&] {
      auto tx = client.transaction();
      queued = tx.incr("later");
      return tx.exec(asio::deferred);
    }();
    const auto before = co_await client.exists("later");
    CHECK(before == 0);
    auto done = co_await std::move(lazily)(asio::use_awaitable);
    CHECK(done->get(queued) == 1);
  }());
}

TEST_CASE("a user without MULTI is told that the commands may have run one by one") {
  ValkeyServer server;
  server.ask("ACL SETUSER mate on >pw ~* &* +@all -multi");
  native::Options options = patient_options();
  options.username = "mate";
  options.password = "pw";
  Client client = connected(server.url(), options);
  auto tx = client.transaction();
  tx.incr("number");
  const native::Error error = refusal(tx);
  CHECK(error.code() == ErrorCode::server_error);
  CHECK(error.executed() == Executed::maybe);
  CHECK(error.server_code() == "NOPERM");
  CHECK(error.text().ends_with("(to MULTI: the commands may have run one by one)"));
  CHECK(finish(client.get("number")) == "1");  // and the connection goes on in step
}

TEST_CASE("a user who lacks the right to a command or a key is told so, and none has run") {
  ValkeyServer server;
  server.ask("ACL SETUSER mate on >pw ~mine* +@all -flushall");
  native::Options options = patient_options();
  options.username = "mate";
  options.password = "pw";
  Client client = connected(server.url(), options);
  auto tx = client.transaction();
  tx.incr("mine");
  SECTION("a command") { tx.command("FLUSHALL"); }
  SECTION("a key") { tx.get("theirs"); }
  const native::Error error = refusal(tx);
  CHECK(error.code() == ErrorCode::transaction_aborted);
  CHECK(error.server_code() == "NOPERM");
  CHECK(finish(client.exists("mine")) == 0);
}

// A node that has been told of another, which has all slots and is not there.
std::string lone_node(const TemporaryDirectory& directory) {
  const std::string path = directory.path() + "/nodes.conf";
  std::ofstream(path) << std::string(40, 'a')
                      << " 127.0.0.1:1@10001 master - 0 0 1 connected 0-16383\n"
                      << std::string(40, 'b')
                      << " 127.0.0.1:2@10002 myself,master - 0 0 0 connected\n"
                      << "vars currentEpoch 1 lastVoteEpoch 0\n";
  return path;
}

TEST_CASE("a key on another node of a cluster is a cluster_redirect, in a transaction its end") {
  const TemporaryDirectory directory;
  ValkeyServer server({.arguments = {"--cluster-enabled", "yes", "--cluster-node-timeout", "600000",
                                     "--cluster-config-file", lone_node(directory)}});
  native::Options options = patient_options();
  options.topology = TopologyChoice::standalone;
  Client client = connected(server.url(), options);
  // Until then it says CLUSTERDOWN, which may pass by itself.
  REQUIRE(eventually([&] {
    return error_of(client.get("key", use_future)).code() == ErrorCode::cluster_redirect;
  }));
  const native::Error moved = error_of(client.get("key", use_future));
  CHECK(moved.executed() == Executed::no);
  CHECK(moved.server_text() == "MOVED 12539 127.0.0.1:1");
  CHECK(std::string(moved.text()).find("expected a client of the cluster") != std::string::npos);

  auto tx = client.transaction();
  tx.get("key");
  const native::Error error = refusal(tx);
  CHECK(error.executed() == Executed::no);
  CHECK(error.server_code() == "MOVED");
  CHECK(finish(client.ping()) == "PONG");
}

TEST_CASE("in RESP2 transactions are the same") {
  native::Options options = patient_options();
  options.protocol = native::Protocol::resp2;
  Client client = connected(unix_url(), options);
  finish(client.del("two"));
  auto tx = client.transaction();
  auto number = tx.incr("two");
  auto none = tx.get("no such key");
  auto done = finish(tx.exec());
  CHECK(done.get(number) == 1);
  CHECK(done.get(none) == std::nullopt);
}

}  // namespace
}  // namespace plimsoll::testing::transaction_test
