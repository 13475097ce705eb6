#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/support/valkey_server.h"

// Commands that wait, against a real server: on connections of their own, cancelled without loss.

namespace plimsoll::testing::blocking_test {
namespace {

namespace asio = boost::asio;
using asio::use_future;
using native::Client;
using native::KeyAndElement;
using native::Result;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Popped = std::optional<KeyAndElement>;

constexpr auto for_ever = Duration::zero();

bool waits(const ValkeyServer& server, int count) {
  const std::string line = "blocked_clients:" + std::to_string(count) + "\r";
  return eventually([&] { return server.ask("INFO clients").find(line) != std::string::npos; });
}

TEST_CASE("while a command waits, others go on") {
  ValkeyServer server;
  Client client = connected(server.url());
  auto popped = client.blpop({"list", "other"}, for_ever, use_future);
  CHECK(waits(server, 1));
  for (int i = 0; i < 100; ++i) finish(client.incr("number"));
  finish(client.rpush("other", {"element"}));
  const Popped got = value_of(std::move(popped));
  CHECK(got->key == "other");
  CHECK(got->element == "element");
  CHECK(client.statistics().client.blocking_connections == 1);
  CHECK(finish(client.blpop({"list"}, milliseconds(10))) == std::nullopt);  // on the same one
  CHECK(client.statistics().client.blocking_connections == 1);
}

TEST_CASE("all kinds of commands that wait do so on connections beside the main one") {
  const auto protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  ValkeyServer server;
  native::Options options = patient_options();
  options.protocol = protocol;
  Client client = connected(server.url(), options);
  auto moved = client.command<std::optional<std::string>>(
      {"BLMOVE", "a", "b", "LEFT", "RIGHT", "0"}, use_future);
  auto lowest = client.command({"BZPOPMIN", "z", "0"}, use_future);
  auto read = client.command<std::vector<native::StreamEntries>>(
      {"XREAD", "BLOCK", "0", "STREAMS", "s", "$"}, use_future);
  CHECK(waits(server, 3));
  CHECK(finish(client.ping()) == "PONG");
  finish(client.rpush("a", {"x"}));
  finish(client.command("ZADD", "z", "1.5", "member"));
  finish(client.command("XADD", "s", "1-1", "field", "value"));
  CHECK(value_of(std::move(moved)) == "x");
  CHECK(value_of(std::move(lowest)).value().as_elements()->size() == 3);
  const auto streams = value_of(std::move(read));
  CHECK(streams.at(0).stream == "s");
  CHECK(streams.at(0).entries.at(0).fields.at(0).value == "value");
}

TEST_CASE("a command that waits and is started later has a connection beside the main one, too") {
  ValkeyServer server;
  Client client = connected(server.url());
  auto lazily = client.blpop({"list"}, for_ever, asio::deferred);
  std::promise<Result<Popped>> outcome;
  std::move(lazily)([&](Result<Popped> popped) { outcome.set_value(std::move(popped)); });
  CHECK(waits(server, 1));
  finish(client.rpush("list", {"x"}));
  CHECK(finish(outcome.get_future())->value().element == "x");
}

TEST_CASE("more commands that wait than connections for them are refused, naming the limit") {
  ValkeyServer server;
  native::Options options = patient_options();
  options.inflight_overflow = native::OnLimit::reject;
  Client client = connected(server.url(), options);
  std::vector<std::future<Result<Popped>>> all;
  for (int i = 0; i < 8; ++i) all.push_back(client.blpop({"list"}, for_ever, use_future));
  const native::Error error = error_of(client.blpop({"list"}, for_ever, use_future));
  CHECK(error.code() == ErrorCode::rejected_by_limit);
  CHECK(error.executed() == Executed::no);
  CHECK(error.text().find("blocking_connections_max") != std::string_view::npos);
  CHECK(waits(server, 8));
  for (int i = 0; i < 8; ++i) finish(client.rpush("list", {"x"}));
  for (auto& popped : all) CHECK(value_of(std::move(popped))->element == "x");
  finish(client.rpush("list", {"y"}));
  CHECK(finish(client.blpop({"list"}, for_ever))->element == "y");
}

TEST_CASE("32 workers share 8 connections where calls wait") {
  ValkeyServer server;
  native::Options options = patient_options();
  options.inflight_overflow = native::OnLimit::wait;
  Client client = connected(server.url(), options);
  std::vector<std::future<Result<Popped>>> workers;
  for (int i = 0; i < 32; ++i) workers.push_back(client.blpop({"list"}, for_ever, use_future));
  CHECK(waits(server, 8));
  CHECK(client.statistics().client.waiting_to_block == 24);
  CHECK(client.statistics().client.blocking_connections == 8);
  std::set<std::string> popped;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    finish(client.rpush("list", {std::to_string(i)}));
    // Each that is served makes room for the next.
    CHECK(waits(server, static_cast<int>(std::min<std::size_t>(8, 31 - i))));
  }
  for (auto& worker : workers) popped.insert(value_of(std::move(worker))->element);
  CHECK(popped.size() == 32);
  CHECK(client.statistics().client.waited == 24);
  CHECK(client.statistics().client.rejected == 0);
}

TEST_CASE("who waits for a connection to block on may be cancelled there, and has sent nothing") {
  ValkeyServer server;
  native::Options options = patient_options();
  options.inflight_overflow = native::OnLimit::wait;
  options.blocking_connections_max = 1;
  Client client = connected(server.url(), options);
  auto first = client.blpop({"list"}, for_ever, use_future);
  asio::cancellation_signal signal;
  auto second =
      client.blpop({"list"}, for_ever, asio::bind_cancellation_slot(signal.slot(), use_future));
  auto third = client.blpop({"list"}, for_ever, use_future);
  CHECK(client.statistics().client.waiting_to_block == 2);
  signal.emit(asio::cancellation_type::terminal);
  const native::Error error = error_of(std::move(second));
  CHECK(error.code() == ErrorCode::cancelled);
  CHECK(error.executed() == Executed::no);
  CHECK(waits(server, 1));
  finish(client.rpush("list", {"x"}));
  finish(client.rpush("list", {"y"}));
  CHECK(value_of(std::move(first))->element == "x");
  CHECK(value_of(std::move(third))->element == "y");
}

TEST_CASE("a wait that is cancelled ends, and takes no element any more") {
  ValkeyServer server;
  Client client = connected(server.url());
  asio::cancellation_signal signal;
  std::promise<Result<Popped>> outcome;
  client.blpop({"list"}, for_ever,
               asio::bind_cancellation_slot(signal.slot(), [&](Result<Popped> popped) {
                 outcome.set_value(std::move(popped));
               }));
  CHECK(waits(server, 1));
  signal.emit(asio::cancellation_type::terminal);
  const Result<Popped> popped = finish(outcome.get_future());
  REQUIRE_FALSE(popped);
  CHECK(popped.error().code() == ErrorCode::cancelled);
  CHECK(popped.error().executed() == Executed::no);
  finish(client.rpush("list", {"x"}));
  CHECK(finish(client.llen("list")) == 1);
}

TEST_CASE("an element that arrives as its wait is cancelled is neither lost nor given twice") {
  Client client = connected(unix_url());
  finish(client.del("race"));
  std::multiset<std::string> got;
  constexpr int rounds = 3000;
  int cancelled = 0;
  for (int i = 0; i < rounds; ++i) {
    asio::cancellation_signal signal;
    std::promise<Result<Popped>> outcome;
    client.blpop({"race"}, for_ever,
                 asio::bind_cancellation_slot(signal.slot(), [&](Result<Popped> popped) {
                   outcome.set_value(std::move(popped));
                 }));
    auto pushed = client.rpush("race", {std::to_string(i)}, use_future);
    // Sometimes sooner, sometimes later than the element.
    for (int pings = 0; pings < i % 4; ++pings) finish(client.ping());
    signal.emit(asio::cancellation_type::terminal);
    const Result<Popped> popped = finish(outcome.get_future());
    if (popped) {
      got.insert(popped->value().element);
    } else {
      REQUIRE(popped.error().code() == ErrorCode::cancelled);
      REQUIRE(popped.error().executed() == Executed::no);
      ++cancelled;
    }
    value_of(std::move(pushed));
  }
  const auto left = finish(client.lrange("race", 0, -1));
  got.insert(left.begin(), left.end());
  CHECK(got.size() == rounds);
  CHECK(std::set<std::string>(got.begin(), got.end()).size() == rounds);
  INFO(cancelled << " of the waits were cancelled in time");
  CHECK(cancelled < rounds);
}

TEST_CASE("a server that dies while commands wait ends them in doubt, and others wait again") {
  ValkeyServer server;
  Client client = connected(server.url());
  auto popped = client.blpop({"list"}, for_ever, use_future);
  CHECK(waits(server, 1));
  server.kill();
  const native::Error error = error_of(std::move(popped));
  CHECK(error.code() == ErrorCode::lost_in_doubt);
  CHECK(error.executed() == Executed::maybe);
  server.restart();
  CHECK(eventually([&] { return finish(client.ping(use_future)).has_value(); }));
  auto again = client.blpop({"list"}, for_ever, use_future);
  finish(client.rpush("list", {"x"}));
  CHECK(value_of(std::move(again))->element == "x");
}

TEST_CASE("a command that waits longer than a request may take is given the time") {
  native::Options options = patient_options();
  options.request_timeout = milliseconds(250);
  Client client = connected(unix_url(), options);
  const Popped none = finish(client.with_timeout(seconds(60)).blpop({"empty"}, milliseconds(20)));
  CHECK_FALSE(none);
  CHECK_FALSE(finish(client.blpop({"empty"}, milliseconds(20))));
}

TEST_CASE("a connection whose wait was ended by another client serves again") {
  ValkeyServer server;
  Client client = connected(server.url());
  auto popped = client.blpop({"list"}, for_ever, use_future);
  CHECK(waits(server, 1));
  const std::string all = server.ask("CLIENT LIST");
  const auto at = all.rfind("id=", all.find("cmd=blpop")) + 3;
  server.ask("CLIENT UNBLOCK " + all.substr(at, all.find(' ', at) - at) + " ERROR");
  CHECK(error_of(std::move(popped)).server_code() == "UNBLOCKED");
  finish(client.rpush("list", {"x"}));
  CHECK(finish(client.blpop({"list"}, for_ever))->element == "x");
}

TEST_CASE("commands that wait end with their client") {
  std::optional<Client> client = connected(unix_url());
  auto first = client->blpop({"nothing"}, for_ever, use_future);
  static_cast<void>(client->blpop({"nothing"}, for_ever));  // dropped
  client.reset();
  CHECK_FALSE(finish(std::move(first)));
  Client another = connected(unix_url());
  auto second = another.blpop({"nothing"}, for_ever, use_future);
  native::Options options = patient_options();
  CHECK(error_of(another.command({"BLPOP", "nothing", "-1"}, use_future)).code() ==
        ErrorCode::invalid_argument);
  CHECK(error_of(another.command({"BLPOP", "nothing", "soon"}, use_future)).code() ==
        ErrorCode::invalid_argument);
  another = Client();
  CHECK_FALSE(finish(std::move(second)));
}

}  // namespace
}  // namespace plimsoll::testing::blocking_test
