#include "plimsoll/script.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/deferred.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/exclusive.h"
#include "plimsoll/native/base/sha1.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/support/valkey_server.h"

// Scripts and functions, against a real server.

namespace plimsoll::testing::script_test {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_future;
using native::Client;
using native::Function;
using native::Script;

TEST_CASE("a script is known by the SHA-1 of its text") {
  CHECK(native::sha1_hex("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(native::sha1_hex("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(Script("return 1").sha1() == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

TEST_CASE("a script gets its keys and arguments, and its result the type that is asked for") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    const Script put("redis.call('SET', KEYS[1], ARGV[1]); return redis.call('GET', KEYS[1])");
    const auto text = co_await put.run<std::string>(client, {"k"}, {std::string("a\r\n\0b", 5)});
    CHECK(text == std::string("a\r\n\0b", 5));
    const Script sum("local n = 0 for _, a in ipairs(ARGV) do n = n + a end return n");
    const auto number = co_await sum.run<std::int64_t>(client, {}, {"1", "2", "39"});
    CHECK(number == 42);
    const Script nothing("return false");
    const auto none = co_await nothing.run<std::optional<std::string>>(client);
    CHECK_FALSE(none);
    co_await nothing.run<void>(client);
    const Script row("return {'a', 'b'}");
    const auto words = co_await row.run<std::vector<std::string>>(client);
    CHECK(words == std::vector<std::string>{"a", "b"});
    const auto any = co_await row.run(client);
    CHECK(any.to_string() == "[\"a\", \"b\"]");
  }());
}

TEST_CASE("the text is sent only where the server does not know the script") {
  ValkeyServer server;
  Client client = connected(server.url());
  const Script script("return " + std::string(2000, ' ') + "KEYS[1]");
  const auto written = [&] { return client.statistics().client.counters.bytes_written; };
  const auto run = [&] {
    const auto before = written();
    CHECK(finish(script.run<std::string>(client, {"a key"})) == "a key");
    return written() - before;
  };
  CHECK(run() > 2000);
  CHECK(run() < 200);
  CHECK(server.ask("SCRIPT FLUSH") == "+OK\r\n");
  CHECK(run() > 2000);
  CHECK(run() < 200);
  CHECK(server.ask("SCRIPT EXISTS " + script.sha1()) == "*1\r\n:1\r\n");
}

TEST_CASE("a script's errors are server errors in its words") {
  Client client = connected(unix_url());
  const Script raises("return redis.error_reply('OUCH that hurt')");
  const native::Error raised = error_of(raises.run(client, {}, {}, use_future));
  CHECK(raised.code() == ErrorCode::server_error);
  CHECK(raised.server_code() == "OUCH");
  const Script broken("return (");
  CHECK(error_of(broken.run(client, {}, {}, use_future)).server_text().find("compiling script") !=
        std::string_view::npos);
  const Script wrong("return redis.call('INCR')");
  CHECK(error_of(wrong.run(client, {}, {}, use_future)).server_code() == "ERR");
  CHECK(finish(client.ping()) == "PONG");
}

TEST_CASE("a script that says NOSCRIPT by itself is not run twice") {
  Client client = connected(unix_url());
  finish(client.del("runs"));
  const Script script(
      "redis.call('INCR', KEYS[1]) return redis.error_reply('NOSCRIPT nor anything else')");
  CHECK(error_of(script.run(client, {"runs"}, {}, use_future)).server_code() == "NOSCRIPT");
  CHECK(error_of(script.run(client, {"runs"}, {}, use_future)).server_code() == "NOSCRIPT");
  CHECK(finish(client.get("runs")) == "2");
}

TEST_CASE("a script that only reads is held to that") {
  Client client = connected(unix_url());
  finish(client.set("read me", "1"));
  const Script reads("return redis.call('GET', KEYS[1])");
  CHECK(finish(reads.run_readonly<std::string>(client, {"read me"})) == "1");
  CHECK(finish(reads.run_readonly<std::string>(client, {"read me"})) == "1");
  const Script writes("return redis.call('DEL', KEYS[1])");
  const native::Error error = error_of(writes.run_readonly(client, {"read me"}, {}, use_future));
  CHECK(error.server_text().find("Write commands are not allowed") != std::string_view::npos);
}

TEST_CASE("scripts run in transactions and on connections of one's own") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    co_await client.command("SCRIPT", "FLUSH");
    co_await client.del("n");
    const Script twice("redis.call('INCR', KEYS[1]) return redis.call('INCR', KEYS[1])");
    auto tx = client.transaction();
    auto first = twice.run<std::int64_t>(tx, {"n"});
    auto second = tx.incr("n");
    auto done = co_await tx.exec();
    CHECK(done.get(first) == 2);
    CHECK(done.get(second) == 3);
    co_await client.command("SCRIPT", "FLUSH");
    auto own = co_await client.exclusive();
    const auto third = co_await twice.run<std::int64_t>(own, {"n"});
    CHECK(third == 5);
  }());
}

TEST_CASE("a script that starts later takes along what it needs; one that was cancelled ends") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    auto lazily = [&] {
      const Script script("return KEYS[1] .. 'later'");
      return script.run<std::string>(client, {std::string("much ")}, {}, asio::deferred);
    }();
    const auto text = co_await std::move(lazily)(asio::use_awaitable);
    CHECK(*text == "much later");
  }());
}

TEST_CASE("a connection of one's own that is given back while its script is unknown") {
  ValkeyServer server;
  Client client = connected(server.url());
  std::optional<native::Exclusive> own = finish(client.exclusive());
  const Script script("return 1");
  auto outcome = script.run<std::int64_t>(*own, {}, {}, use_future);
  own.reset();
  const auto result = finish(std::move(outcome));
  if (!result) CHECK(result.error().code() == ErrorCode::closed);
  CHECK(finish(client.ping()) == "PONG");
}

TEST_CASE("functions of a library are called by name") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    co_await client.command("FUNCTION", "FLUSH");
    co_await client.command("FUNCTION", "LOAD",
                            "#!lua name=ship\n"
                            "redis.register_function('add', function(keys, args)\n"
                            "  return redis.call('INCRBY', keys[1], args[1]) end)\n"
                            "redis.register_function{function_name='look', flags={'no-writes'},\n"
                            "  callback=function(keys) return redis.call('GET', keys[1]) end}\n");
    co_await client.del("cargo");
    const Function add("add");
    const Function look("look");
    const auto sum = co_await add.run<std::int64_t>(client, {"cargo"}, {"7"});
    CHECK(sum == 7);
    const auto text = co_await look.run_readonly<std::string>(client, {"cargo"});
    CHECK(text == "7");
    auto tx = client.transaction();
    auto queued = add.run<std::int64_t>(tx, {"cargo"}, {"1"});
    auto done = co_await tx.exec();
    CHECK(done.get(queued) == 8);
  }());
  Client client = connected(unix_url());
  CHECK(error_of(Function("no such").run(client, {}, {}, use_future)).server_text() ==
        "ERR Function not found");
  CHECK(error_of(Function("add").run_readonly(client, {"cargo"}, {"1"}, use_future)).code() ==
        ErrorCode::server_error);
}

}  // namespace
}  // namespace plimsoll::testing::script_test
