#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Shard channels: subscribed where their slot is served, and again where it goes. What was missed
// meanwhile is told.

namespace plimsoll::testing::native_cluster_shard_channels_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Message;
using native::Subscription;

/// Publishes until the subscription hears of it: it may be on its way to another node.
Message publish_until_heard(Client& client, Subscription& subscription, const std::string& channel,
                            const std::string& text) {
  auto next = subscription.next(use_future);
  for (;;) {
    value_of(client.spublish(channel, text, use_future));
    if (next.wait_for(std::chrono::milliseconds(20)) == std::future_status::ready) break;
  }
  return finish(std::move(next)).value().value();
}

TEST_CASE("shard channels are served at the owner of their slot") {
  Client client = member_of(shared_cluster());
  for (const std::uint16_t slot : {std::uint16_t{20}, std::uint16_t{7000}, std::uint16_t{16'001}}) {
    const std::string channel = key_in(slot, "news");
    Subscription subscription =
        value_of(client.ssubscribe({channel, key_in(slot, "more")}, use_future));
    CHECK(value_of(client.spublish(channel, "hello", use_future)) == 1);
    const std::optional<Message> message = value_of(subscription.next(use_future));
    REQUIRE(message);
    CHECK(message->payload == "hello");
    CHECK(message->channel == channel);
    CHECK(message->gaps == 0);
    const native::Error error =
        error_of(subscription.ssubscribe({key_in(21, "other")}, use_future));
    CHECK(error.code() == ErrorCode::invalid_argument);
    value_of(subscription.sunsubscribe({channel}, use_future));
    CHECK(value_of(client.spublish(channel, "nobody", use_future)) == 0);
    value_of(client.spublish(key_in(slot, "more"), "still", use_future));
    CHECK(value_of(subscription.next(use_future))->payload == "still");
  }
}

TEST_CASE("the shard channels of all nodes are named, and nothing is said of one node alone") {
  Client client = member_of(shared_cluster());
  std::vector<Subscription> subscriptions;
  std::vector<std::string> expected;
  for (const std::uint16_t slot : {std::uint16_t{30}, std::uint16_t{8000}, std::uint16_t{16'000}}) {
    expected.push_back(key_in(slot, "named"));
    subscriptions.push_back(value_of(client.ssubscribe({expected.back()}, use_future)));
  }
  auto named = value_of(client.pubsub_shardchannels("*named", use_future));
  std::sort(named.begin(), named.end());
  std::sort(expected.begin(), expected.end());
  CHECK(named == expected);
  for (const std::string_view what : {"CHANNELS", "NUMPAT", "NUMSUB", "SHARDNUMSUB"}) {
    const native::Error error = error_of(client.command({"PUBSUB", what}, use_future));
    CHECK(error.code() == ErrorCode::refused_command);
    CHECK(error.text().find("client.at()") != std::string_view::npos);
  }
}

TEST_CASE("a subscription follows its slot, and tells that there was a gap") {
  constexpr std::uint16_t slot = 740;
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  const std::string channel = key_in(slot, "news");
  Subscription subscription = value_of(client.ssubscribe({channel}, use_future));
  for (const std::size_t to : {1u, 2u, 0u}) {
    value_of(client.spublish(channel, "before", use_future));
    CHECK(value_of(subscription.next(use_future))->payload == "before");
    group.move_slot(slot, to);
    const std::string text = "at " + std::to_string(to);
    const Message heard = publish_until_heard(client, subscription, channel, text);
    CHECK(heard.payload == text);
    CHECK(heard.gaps > 0);
    // Each message that was heard came once: what is left are the further attempts.
    value_of(client.spublish(channel, "last", use_future));
    for (;;) {
      const std::optional<Message> next = value_of(subscription.next(use_future));
      REQUIRE(next);
      CHECK(next->gaps == 0);
      if (next->payload == "last") break;
      CHECK(next->payload == text);
    }
  }
}

TEST_CASE("plain channels and shard channels may share a subscription") {
  Client client = member_of(shared_cluster());
  Subscription subscription = value_of(client.subscribe({"plain"}, use_future));
  const std::string channel = key_in(11'000, "news");
  value_of(subscription.ssubscribe({channel}, use_future));
  CHECK(publish_until_heard(client, subscription, channel, "shard").payload == "shard");
  for (;;) {
    value_of(client.publish("plain", "all", use_future));
    const std::optional<Message> next = value_of(subscription.next(use_future));
    REQUIRE(next);
    if (next->payload == "all") break;
  }
}

TEST_CASE("a channel can be subscribed to while its slot is elsewhere than the client thinks") {
  constexpr std::uint16_t slot = 750;
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  value_of(client.get(key_in(slot), use_future));
  group.move_slot(slot, 2);
  const std::string channel = key_in(slot, "news");
  Subscription subscription = value_of(client.ssubscribe({channel}, use_future));
  CHECK(value_of(client.spublish(channel, "hello", use_future)) == 1);
  CHECK(value_of(subscription.next(use_future))->payload == "hello");
  subscription.close();
  group.move_slot(slot, 0);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_shard_channels_test
