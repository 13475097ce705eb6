#include <string>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/script.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/valkey_server.h"
#include "plimsoll/transaction.h"

// What real servers refuse to run: the table "What the server says instead" of docs/failure.md, row
// by row. LOADING and MASTERDOWN keep a client from connecting, and are tried where one is there
// already.

namespace plimsoll::testing::refused_by_server_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Error;
using native::Script;

struct Refused {
  ErrorCode code;
  const char* server_code;
};

void check(const Error& error, const Refused& expected) {
  INFO(error.what());
  CHECK(error.code() == expected.code);
  CHECK(error.server_code() == expected.server_code);
  CHECK(error.executed() == Executed::no);
}

native::Options options_of(std::string user) {
  native::Options options = patient_options();
  options.username = std::move(user);
  options.password = "pw";
  return options;
}

TEST_CASE("a command or subcommand that the server does not know") {
  ValkeyServer server;
  Client client = connected(server.url());
  check(error_of(client.command({"NOSUCH", "a"}, use_future)), {ErrorCode::unknown_command, "ERR"});
  check(error_of(client.command({"OBJECT", "NOSUCH"}, use_future)),
        {ErrorCode::unknown_command, "ERR"});
}

TEST_CASE("a user without the right to a command, a key or a channel") {
  ValkeyServer server;
  server.ask("ACL SETUSER mate on >pw ~mine* &mine* +@all -flushall");
  Client client = connected(server.url(), options_of("mate"));
  check(error_of(client.command({"FLUSHALL"}, use_future)),
        {ErrorCode::permission_denied, "NOPERM"});
  check(error_of(client.set("theirs", "v", use_future)), {ErrorCode::permission_denied, "NOPERM"});
  check(error_of(client.publish("theirs", "v", use_future)),
        {ErrorCode::permission_denied, "NOPERM"});
}

TEST_CASE("a write where too few replicas are in touch") {
  ValkeyServer server({.arguments = {"--min-replicas-to-write", "1"}});
  Client client = connected(server.url());
  check(error_of(client.set("k", "v", use_future)), {ErrorCode::not_enough_replicas, "NOREPLICAS"});
  CHECK(server.ask("EXISTS k") == ":0\r\n");
}

TEST_CASE("a write on a replica, and anything on one that has lost its primary") {
  ValkeyServer server;
  Client client = connected(server.url());
  server.ask("REPLICAOF 127.0.0.1 1");
  check(error_of(client.set("k", "v", use_future)), {ErrorCode::read_only_replica, "READONLY"});
  server.ask("CONFIG SET replica-serve-stale-data no");
  check(error_of(client.get("k", use_future)), {ErrorCode::primary_down, "MASTERDOWN"});
}

TEST_CASE("a write to a server that is full") {
  ValkeyServer server({.arguments = {"--maxmemory-policy", "noeviction"}});
  Client client = connected(server.url());
  server.ask("CONFIG SET maxmemory 1");
  check(error_of(client.set("k", "v", use_future)), {ErrorCode::server_out_of_memory, "OOM"});
  CHECK(server.ask("EXISTS k") == ":0\r\n");
}

TEST_CASE("a write to a server that cannot save") {
  ValkeyServer server({.arguments = {"--enable-protected-configs", "yes"}});
  Client client = connected(server.url());
  server.ask("CONFIG SET save \"3600 1000\"");
  // Where nobody can write a file.
  REQUIRE(server.ask("CONFIG SET dir /proc") == "+OK\r\n");
  value_of(client.set("k", "v", use_future));
  server.ask("BGSAVE");
  REQUIRE(eventually([&] {
    return server.ask("INFO persistence").find("rdb_last_bgsave_status:err") != std::string::npos;
  }));
  check(error_of(client.set("k", "w", use_future)), {ErrorCode::persistence_failed, "MISCONF"});
  CHECK(value_of(client.get("k", use_future)) == "v");
}

TEST_CASE("anything while a script keeps the server busy") {
  ValkeyServer server;
  Client client = connected(server.url());
  Client other = connected(server.url());
  server.ask("CONFIG SET busy-reply-threshold 1");
  const Script endless("while true do end");
  auto running = endless.run(client, {}, {}, use_future);
  Error error(ErrorCode::closed, Executed::yes, "");
  REQUIRE(eventually([&] {
    const auto reply = finish(other.set("k", "v", use_future));
    if (!reply) error = reply.error();
    return !reply && reply.error().code() != ErrorCode::timed_out;
  }));
  check(error, {ErrorCode::server_busy, "BUSY"});
  server.ask("SCRIPT KILL");
  const Error killed = error_of(std::move(running));
  CHECK(killed.executed() == Executed::yes);  // it ran, until then
}

TEST_CASE("a transaction is refused as a whole, and one of its commands for itself") {
  ValkeyServer server;
  Client client = connected(server.url());
  value_of(client.set("text", "v", use_future));
  auto tx = client.transaction();
  const auto wrong = tx.incr("text");
  const auto set = tx.set("other", "v");
  const auto script = tx.command("EVAL", "return redis.error_reply('NOPERM by myself')", "0");
  const auto done = value_of(tx.exec(use_future));
  CHECK(done.error(wrong)->executed() == Executed::yes);
  CHECK_FALSE(done.error(set));
  CHECK(done.error(script)->code() == ErrorCode::permission_denied);
  CHECK(done.error(script)->executed() == Executed::maybe);

  auto unknown = client.transaction();
  unknown.set("other", "w");
  unknown.command("NOSUCH");
  const Error aborted = error_of(unknown.exec(use_future));
  CHECK(aborted.code() == ErrorCode::transaction_aborted);
  CHECK(aborted.executed() == Executed::no);
  CHECK(value_of(client.get("other", use_future)) == "v");
}

TEST_CASE("a command of a transaction whose user has lost the right to it meanwhile") {
  ValkeyServer server;
  server.ask("ACL SETUSER mate on >pw ~* &* +@all");
  Client client = connected(server.url(), options_of("mate"));
  // The rights go while the server is in EXEC: by a script, before the command that lacks them.
  auto tx = client.transaction();
  tx.command("ACL", "SETUSER", "mate", "-incr");
  const auto incr = tx.incr("n");
  const auto done = value_of(tx.exec(use_future));
  REQUIRE(done.error(incr));
  check(*done.error(incr), {ErrorCode::permission_denied, "NOPERM"});
}

TEST_CASE("what a script says proves nothing, also what it passes on") {
  ValkeyServer server;
  Client client = connected(server.url());
  const Script says("redis.call('INCR', KEYS[1]) return redis.error_reply('NOPERM by myself')");
  const Error said = error_of(says.run(client, {"n"}, {}, use_future));
  CHECK(said.code() == ErrorCode::permission_denied);
  CHECK(said.executed() == Executed::maybe);
  CHECK(value_of(client.get("n", use_future)) == "1");
  const Error raw = error_of(client.command(
      {"EVAL", "redis.call('INCR', 'n') return {err='ERR unknown command \\'X\\', with'}", "0"},
      use_future));
  CHECK(raw.executed() == Executed::maybe);
  CHECK(value_of(client.get("n", use_future)) == "2");
  const Error typed =
      error_of(client.eval("return {err='OOM command not allowed'}", {}, {}, use_future));
  CHECK(typed.executed() == Executed::maybe);
}

}  // namespace
}  // namespace plimsoll::testing::refused_by_server_test
