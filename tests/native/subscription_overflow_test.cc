#include <cstddef>
#include <cstdint>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/native/tls_world.h"
#include "plimsoll/tests/support/valkey_server.h"

// Messages that come faster than they are taken, against a real server: what is lost and how many,
// to the last one.

namespace plimsoll::testing::subscription_overflow_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Message;
using native::OverflowPolicy;
using native::Subscription;

native::Options slow(OverflowPolicy overflow, std::uint32_t messages_max,
                     native::Protocol protocol = native::Protocol::resp3) {
  native::Options options = patient_options();
  options.protocol = protocol;
  options.subscription_overflow = overflow;
  options.subscription_messages_max = messages_max;
  return options;
}

// Publishes the numbers from `from` to `to - 1`, each with so many bytes behind it.
void publish(Client& client, int from, int to, std::size_t padding = 0) {
  std::vector<std::future<native::Result<std::int64_t>>> calls;
  for (int i = from; i < to; ++i) {
    calls.push_back(client.publish("flood", std::to_string(i).append(padding, '.'), use_future));
    if (calls.size() < 500 && i + 1 < to) continue;
    for (auto& call : calls) value_of(std::move(call));
    calls.clear();
  }
}

int number_of(const Message& message) { return std::stoi(message.payload); }

TEST_CASE("a slow consumer has the newest messages, the oldest, or all of them, as it chose") {
  const auto overflow = GENERATE(OverflowPolicy::drop_oldest, OverflowPolicy::drop_newest,
                                 OverflowPolicy::pause_reading);
  const auto protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  constexpr int published = 2'500;
  constexpr std::uint32_t kept = 100;
  Client client = connected(unix_url(), slow(overflow, kept, protocol));
  Subscription sub = finish(client.subscribe({"flood"}));
  publish(client, 0, published);
  const bool pauses = overflow == OverflowPolicy::pause_reading;
  CHECK(eventually([&] {
    const auto now = sub.statistics();
    return pauses ? now.paused : now.received == published;
  }));
  const auto full = sub.statistics();
  CHECK(full.queued == kept);
  CHECK(full.queued_bytes > 0);
  CHECK(full.received == kept + full.lost);
  CHECK(full.lost == (pauses ? 0 : published - kept));

  std::uint64_t told = 0;
  std::uint64_t lost = 0;
  const int first =
      overflow == OverflowPolicy::drop_oldest ? published - static_cast<int>(kept) : 0;
  const std::uint64_t all = pauses ? published : kept;
  while (told < all) {
    for (const Message& message : finish(sub.next_some(7))) {
      REQUIRE(number_of(message) == first + static_cast<int>(told));
      ++told;
      lost += message.lost;
    }
  }
  publish(client, published, published + 1);
  const auto next = finish(sub.next());
  REQUIRE(next);
  CHECK(number_of(*next) == published);
  lost += next->lost;
  CHECK(lost == full.lost);
  const auto end = sub.statistics();
  CHECK(end.received == told + 1 + lost);
  CHECK(end.lost == lost);
  CHECK(end.queued_bytes == 0);
  CHECK_FALSE(end.paused);
}

TEST_CASE("who pauses holds up the server alone, and has all messages in the end, with TLS too") {
  const bool tls = GENERATE(false, true);
  constexpr int published = 6'000;
  native::Options options = slow(OverflowPolicy::pause_reading, 10);
  if (tls) options.tls.ca_file = shared_authority().file();
  Client client = connected(tls ? shared_tls_server().url() : tcp_url(), options);
  Subscription sub = finish(client.subscribe({"flood"}));
  Subscription other = finish(client.subscribe({"other"}));
  publish(client, 0, published, 2'000);
  CHECK(eventually([&] { return sub.statistics().paused; }));
  CHECK(finish(client.ping()) == "PONG");
  finish(client.publish("other", "1"));
  CHECK(finish(other.next())->payload == "1");
  CHECK(sub.statistics().queued == 10);
  for (int i = 0; i < published; ++i) {
    const auto message = finish(sub.next());
    REQUIRE(message);
    REQUIRE(number_of(*message) == i);
    REQUIRE_FALSE(message->after_loss());
  }
  CHECK(sub.statistics().received == published);
  CHECK(sub.statistics().lost == 0);
  CHECK(sub.statistics().gaps == 0);
}

TEST_CASE("where the server gives a paused consumer up, that is a gap behind what had come") {
  const ValkeyServer server({.arguments = {"--client-output-buffer-limit", "pubsub 1mb 0 0"}});
  Client client = connected(server.url(), slow(OverflowPolicy::pause_reading, 10));
  Subscription sub = finish(client.subscribe({"flood"}));
  publish(client, 0, 4'000, 1'000);
  CHECK(eventually([&] { return sub.statistics().paused; }));
  CHECK(server.ask("PUBSUB NUMSUB flood").find(":0\r\n") != std::string::npos);
  int expected = 0;
  const auto take = [&] {
    const auto message = finish(sub.next());
    REQUIRE(message);
    if (message->gaps == 0) REQUIRE(number_of(*message) == expected++);
    return *message;
  };
  CHECK(eventually([&] {
    while (sub.statistics().queued > 0) take();
    return sub.statistics().gaps == 1;
  }));
  CHECK(eventually([&] { return finish(client.publish("flood", "10000")) == 1; }));
  Message message = take();
  while (message.gaps == 0) message = take();
  CHECK(number_of(message) == 10'000);
  CHECK(expected >= 10);
  CHECK(expected < 4'000);
  CHECK(sub.statistics().gaps == 1);
  CHECK(sub.statistics().lost == 0);
}

TEST_CASE("a paused subscription can be closed, and so can its client") {
  const bool client_first = GENERATE(true, false);
  Client client = connected(unix_url(), slow(OverflowPolicy::pause_reading, 1));
  Subscription sub = finish(client.subscribe({"flood"}));
  publish(client, 0, 1'000, 1'000);
  CHECK(eventually([&] { return sub.statistics().paused; }));
  if (client_first) {
    finish(client.close());
    CHECK_FALSE(finish(sub.next()));
  } else {
    sub.close();
    CHECK(eventually([&] { return client.statistics().client.subscriptions == 0; }));
    CHECK(finish(client.ping()) == "PONG");
  }
}

TEST_CASE("what is asked for while reading is paused is confirmed once messages are taken") {
  Client client = connected(unix_url(), slow(OverflowPolicy::pause_reading, 2));
  Subscription sub = finish(client.subscribe({"flood"}));
  publish(client, 0, 10);
  CHECK(eventually([&] { return sub.statistics().paused; }));
  auto more = sub.subscribe({"more"}, use_future);
  for (int i = 0; i < 10; ++i) CHECK(number_of(*finish(sub.next())) == i);
  value_of(std::move(more));
  finish(client.publish("more", "11"));
  CHECK(finish(sub.next())->channel == "more");
}

}  // namespace
}  // namespace plimsoll::testing::subscription_overflow_test
