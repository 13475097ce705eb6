#include "plimsoll/subscription.h"

#include <cstdint>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/support/valkey_server.h"

// Messages that others publish, against a real server.

namespace plimsoll::testing::subscription_test {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_future;
using native::Client;
using native::Message;
using native::Subscription;

native::Options options_for(native::Protocol protocol) {
  native::Options options = patient_options();
  options.protocol = protocol;
  return options;
}

TEST_CASE("messages come in order, with their channel, in both protocols") {
  const auto protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  run([](native::Protocol used) -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), options_for(used));
    auto sub = co_await client.subscribe({"news", "alerts"});
    auto reached = co_await client.publish("news", "one");
    CHECK(reached == 1);
    co_await client.publish("alerts", std::string_view("t\r\n\0o", 5));
    co_await client.publish("news", "three");
    auto first = co_await sub.next();
    REQUIRE(first);
    CHECK(first->kind == Message::Kind::channel);
    CHECK(first->channel == "news");
    CHECK(first->payload == "one");
    CHECK(first->pattern.empty());
    CHECK_FALSE(first->after_loss());
    auto second = co_await sub.next();
    CHECK(second->channel == "alerts");
    CHECK(second->payload == std::string("t\r\n\0o", 5));
    auto third = co_await sub.next();
    CHECK(third->payload == "three");
    CHECK(sub.statistics().received == 3);
    CHECK(sub.statistics().names == 2);
    co_await client.ping();
  }(protocol));
}

TEST_CASE("patterns and shard channels say what they are, and names come and go") {
  const auto protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  run([](native::Protocol used) -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), options_for(used));
    auto sub = co_await client.psubscribe({"user:*"});
    co_await sub.ssubscribe({"shard"});
    co_await sub.subscribe({"plain"});
    co_await client.publish("user:7", "a");
    co_await client.spublish("shard", "b");
    co_await client.publish("plain", "c");
    auto a = co_await sub.next();
    CHECK(a->kind == Message::Kind::pattern);
    CHECK(a->pattern == "user:*");
    CHECK(a->channel == "user:7");
    CHECK(a->payload == "a");
    auto b = co_await sub.next();
    CHECK(b->kind == Message::Kind::shard);
    CHECK(b->channel == "shard");
    CHECK(b->payload == "b");
    auto c = co_await sub.next();
    CHECK(c->kind == Message::Kind::channel);
    co_await sub.unsubscribe({"plain"});
    co_await sub.punsubscribe({"user:*"});
    co_await sub.unsubscribe({"never subscribed"});
    const auto reached = co_await client.publish("plain", "d");
    CHECK(reached == 0);
    co_await sub.sunsubscribe({"shard"});
    co_await sub.sunsubscribe({"shard"});
    CHECK(sub.statistics().names == 0);
    co_await sub.subscribe({"plain"});
    co_await client.publish("plain", "e");
    auto e = co_await sub.next();
    CHECK(e->payload == "e");
  }(protocol));
}

TEST_CASE("next_some takes all messages that are there, as many as it is told") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    auto sub = co_await client.subscribe({"many"});
    for (int i = 0; i < 100; ++i) co_await client.publish("many", std::to_string(i));
    std::vector<std::string> payloads;
    while (payloads.size() < 100) {
      auto some = co_await sub.next_some(30);
      CHECK_FALSE(some.empty());
      CHECK(some.size() <= 30);
      for (const Message& message : some) payloads.push_back(message.payload);
    }
    for (int i = 0; i < 100; ++i) CHECK(payloads[static_cast<std::size_t>(i)] == std::to_string(i));
  }());
}

TEST_CASE("next_some that waits completes with what has come") {
  Client client = connected(unix_url());
  Subscription sub = finish(client.subscribe({"few"}));
  auto some = sub.next_some(1000, use_future);
  finish(client.publish("few", "1"));
  CHECK(value_of(std::move(some)).size() == 1);
}

TEST_CASE("a subscription that is closed brings no more") {
  Client client = connected(unix_url());
  Subscription sub = finish(client.subscribe({"end"}));
  auto waiting = sub.next(use_future);
  sub.close();
  CHECK_FALSE(value_of(std::move(waiting)));
  CHECK_FALSE(finish(sub.next()));
  CHECK(finish(sub.next_some(5)).empty());
  CHECK(error_of(sub.subscribe({"more"}, use_future)).code() == ErrorCode::closed);
  CHECK(eventually([&] { return client.statistics().client.subscriptions == 0; }));
  CHECK(finish(client.publish("end", "x")) == 0);
}

TEST_CASE("a subscription ends with its client, and may be dropped while it waits") {
  std::optional<Client> client = connected(unix_url());
  Subscription sub = finish(client->subscribe({"ends"}));
  {
    Subscription dropped = finish(client->subscribe({"dropped"}));
    static_cast<void>(dropped.next());
    static_cast<void>(dropped.subscribe({"more"}));
  }
  static_cast<void>(client->subscribe({"never taken"}));
  auto waiting = sub.next(use_future);
  client.reset();
  CHECK_FALSE(value_of(std::move(waiting)));
  CHECK_FALSE(finish(sub.next()));
  CHECK(sub.statistics().queued == 0);
}

TEST_CASE("an orderly close of the client ends its subscriptions") {
  Client client = connected(unix_url());
  Subscription sub = finish(client.subscribe({"ends"}));
  auto waiting = sub.next(use_future);
  auto closed = client.close(use_future);
  sub.statistics();
  CHECK(finish(std::move(closed)).has_value());
  CHECK_FALSE(value_of(std::move(waiting)));
  sub.statistics();
}

TEST_CASE("one waits at a time, and a wait may have a timeout") {
  Client client = connected(unix_url());
  Subscription sub = finish(client.subscribe({"one"}));
  auto first = sub.next(use_future);
  CHECK(error_of(sub.next(use_future)).code() == ErrorCode::rejected_by_limit);
  finish(client.publish("one", "x"));
  CHECK(value_of(std::move(first))->payload == "x");
  CHECK(error_of(sub.next(std::chrono::milliseconds(1), use_future)).code() ==
        ErrorCode::timed_out);
  finish(client.publish("one", "y"));
  CHECK(finish(sub.next())->payload == "y");
}

TEST_CASE("cancelling a wait loses no message") {
  Client client = connected(unix_url());
  Subscription sub = finish(client.subscribe({"race"}));
  std::vector<std::string> got;
  constexpr int rounds = 2000;
  for (int i = 0; i < rounds; ++i) {
    asio::cancellation_signal signal;
    std::promise<native::Result<std::optional<Message>>> outcome;
    sub.next(asio::bind_cancellation_slot(signal.slot(),
                                          [&](native::Result<std::optional<Message>> message) {
                                            outcome.set_value(std::move(message));
                                          }));
    auto published = client.publish("race", std::to_string(i), use_future);
    if (i % 3 == 0) value_of(std::move(published));
    signal.emit(asio::cancellation_type::terminal);
    const auto message = finish(outcome.get_future());
    if (message) {
      got.push_back((*message)->payload);
    } else {
      CHECK(message.error().code() == ErrorCode::cancelled);
    }
  }
  while (got.size() < rounds) {
    for (Message& message : finish(sub.next_some())) got.push_back(std::move(message.payload));
  }
  for (int i = 0; i < rounds; ++i) REQUIRE(got[static_cast<std::size_t>(i)] == std::to_string(i));
  CHECK(sub.statistics().lost == 0);
}

TEST_CASE("subscriptions are restored when the server comes back, and the next message says so") {
  const auto protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  ValkeyServer server;
  Client client = connected(server.url(), options_for(protocol));
  Subscription sub = finish(client.subscribe({"news"}));
  finish(sub.psubscribe({"user:*"}));
  finish(sub.ssubscribe({"shard"}));
  finish(client.publish("news", "before"));
  CHECK(eventually([&] { return sub.statistics().queued == 1; }));
  server.kill();
  CHECK(eventually([&] { return sub.statistics().gaps == 1; }));
  server.restart();
  // Until they are subscribed again messages reach nobody.
  CHECK(eventually([&] { return finish(client.publish("user:1", "after")) == 1; }));
  CHECK(eventually([&] { return finish(client.spublish("shard", "after")) == 1; }));
  CHECK(eventually([&] { return finish(client.publish("news", "after")) == 1; }));
  auto before = finish(sub.next());
  CHECK(before->payload == "before");
  CHECK(before->gaps == 0);
  auto after = finish(sub.next());
  CHECK(after->payload == "after");
  CHECK(after->gaps == 1);
  CHECK(after->after_loss());
  auto later = finish(sub.next());
  CHECK(later->payload == "after");
  CHECK(later->gaps == 0);
  CHECK(finish(sub.next())->payload == "after");
  CHECK(sub.statistics().names == 3);
  finish(sub.subscribe({"more"}));
}

// A server that is a cluster by itself: it serves all slots until it is told to give one away.
class OneServerCluster {
 public:
  OneServerCluster() {
    ask("CLUSTER ADDSLOTSRANGE 0 16383");
    if (!eventually([&] { return ask("CLUSTER INFO").find("cluster_state:ok") != ask_failed; })) {
      throw std::runtime_error("the cluster did not come up");
    }
  }
  std::string url() const { return server_.url(); }
  std::string ask(const std::string& command) const { return server_.ask(command); }
  /// The number of the slot of a channel.
  std::string slot_of(const std::string& channel) const {
    const std::string reply = ask("CLUSTER KEYSLOT " + channel);
    return reply.substr(1, reply.find('\r') - 1);
  }

 private:
  static constexpr auto ask_failed = std::string::npos;

  ValkeyServer server_{{.arguments = {"--cluster-enabled", "yes"}}};
};

native::Options as_single_server() {
  native::Options options = patient_options();
  options.topology = TopologyChoice::standalone;
  return options;
}

TEST_CASE("a shard channel whose slot has moved away is told as ended, and the others stay") {
  const auto protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  const OneServerCluster cluster;
  native::Options options = options_for(protocol);
  options.topology = TopologyChoice::standalone;
  Client client = connected(cluster.url(), options);
  Subscription sub = finish(client.ssubscribe({"moves"}));
  finish(sub.ssubscribe({"stays"}));
  finish(sub.subscribe({"plain"}));
  finish(client.publish("plain", "before"));
  cluster.ask("CLUSTER DELSLOTS " + cluster.slot_of("moves"));
  CHECK(eventually([&] { return sub.statistics().refused == 1; }));
  CHECK(sub.statistics().names == 2);
  CHECK(finish(sub.next())->payload == "before");
  const std::optional<Message> ended = finish(sub.next());
  CHECK(ended->kind == Message::Kind::ended);
  CHECK(ended->channel == "moves");
  CHECK(ended->payload.empty());
  CHECK_FALSE(ended->after_loss());
  // The server has said already that there is nothing to end, and refuses to look.
  finish(sub.sunsubscribe({"moves"}));
  finish(sub.subscribe({"more"}));
  cluster.ask("CLUSTER ADDSLOTS " + cluster.slot_of("moves"));
  CHECK(eventually([&] { return finish(client.spublish("stays", "after")) == 1; }));
  const std::optional<Message> after = finish(sub.next());
  CHECK(after->kind == Message::Kind::shard);
  CHECK(after->payload == "after");
  CHECK(sub.statistics().gaps == 0);
}

TEST_CASE("a shard channel whose server still serves it is subscribed again, with a gap") {
  const OneServerCluster cluster;
  Client client = connected(cluster.url(), as_single_server());
  Subscription sub = finish(client.ssubscribe({"moves"}));
  const std::string slot = cluster.slot_of("moves");
  // In one turn, as when the slot moves within the shard.
  finish(client.command({"EVAL",
                         "redis.call('CLUSTER', 'DELSLOTS', ARGV[1]) "
                         "redis.call('CLUSTER', 'ADDSLOTS', ARGV[1])",
                         "0", slot}));
  CHECK(eventually([&] { return sub.statistics().gaps == 1; }));
  CHECK(eventually([&] { return finish(client.spublish("moves", "after")) == 1; }));
  const std::optional<Message> after = finish(sub.next());
  CHECK(after->payload == "after");
  CHECK(after->gaps == 1);
  CHECK(sub.statistics().names == 1);
  CHECK(sub.statistics().refused == 0);
}

TEST_CASE("what nobody takes makes room for newer messages, and the next one says how many") {
  Client client = connected(unix_url());
  Subscription sub = finish(client.subscribe({"flood"}));
  constexpr int published = 10'050;
  std::vector<std::future<native::Result<std::int64_t>>> calls;
  for (int i = 0; i < published; ++i) {
    calls.push_back(client.publish("flood", std::to_string(i), use_future));
    if (calls.size() == 500) {
      for (auto& call : calls) value_of(std::move(call));
      calls.clear();
    }
  }
  for (auto& call : calls) value_of(std::move(call));
  CHECK(eventually([&] { return sub.statistics().received == published; }));
  const auto statistics = sub.statistics();
  CHECK(statistics.lost + statistics.queued == published);
  CHECK(statistics.lost >= 50);
  auto first = finish(sub.next());
  CHECK(first->lost == statistics.lost);
  CHECK(first->payload == std::to_string(statistics.lost));
  CHECK(finish(sub.next())->lost == 0);
}

TEST_CASE("a channel that the user may not read is refused, and the others go on") {
  ValkeyServer server;
  server.ask("ACL SETUSER mate on >pw ~* +@all resetchannels &mine*");
  native::Options options = patient_options();
  options.username = "mate";
  options.password = "pw";
  Client client = connected(server.url(), options);
  const native::Error refused = error_of(client.subscribe({"mine", "theirs"}, use_future));
  CHECK(refused.server_code() == "NOPERM");
  Subscription sub = finish(client.subscribe({"mine"}));
  CHECK(error_of(sub.subscribe({"theirs"}, use_future)).server_code() == "NOPERM");
  finish(client.publish("mine", "x"));
  CHECK(finish(sub.next())->payload == "x");
  CHECK(error_of(client.subscribe(native::Words(), use_future)).code() ==
        ErrorCode::invalid_argument);
}

TEST_CASE("there are as many subscriptions as the options allow") {
  native::Options options = patient_options();
  options.subscriptions_max = 3;
  Client client = connected(unix_url(), options);
  std::vector<Subscription> all;
  for (int i = 0; i < 3; ++i) all.push_back(finish(client.subscribe({"a"})));
  const native::Error error = error_of(client.subscribe({"a"}, use_future));
  CHECK(error.code() == ErrorCode::rejected_by_limit);
  CHECK(error.text().find("subscriptions_max") != std::string_view::npos);
  CHECK(finish(client.publish("a", "x")) == 3);
  for (Subscription& sub : all) CHECK(finish(sub.next())->payload == "x");
}

}  // namespace
}  // namespace plimsoll::testing::subscription_test
