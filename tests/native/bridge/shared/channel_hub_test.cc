#include "plimsoll/native/bridge/shared/channel_hub.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/native/bridge/shared/hub_world.h"
#include "plimsoll/tests/support/valkey_server.h"

// Many listeners over one client, against a real server.

namespace plimsoll::testing::channel_hub_test {
namespace {

using bridge::ChannelHub;
using bridge::PushForm;
using Kind = bridge::ChannelKind;
using Error = std::optional<native::Error>;

ValkeyServer& server() {
  static ValkeyServer one;
  return one;
}

// How many connections the server has that subscribe to a channel.
std::string subscribers(const std::string& channel) {
  return server().ask("PUBSUB NUMSUB " + channel);
}
std::string counted(const std::string& channel, int count) {
  return "*2\r\n$" + std::to_string(channel.size()) + "\r\n" + channel +
         "\r\n:" + std::to_string(count) + "\r\n";
}

TEST_CASE("a channel of two listeners is subscribed once, and encoded once") {
  const PushForm form = GENERATE(PushForm::resp3, PushForm::resp2);
  HubWorld world(server().url(), form);
  HeardListener one;
  HeardListener two;
  CHECK_FALSE(world.add(one, Kind::channel, {"news", "alerts"}));
  CHECK_FALSE(world.add(two, Kind::channel, {"news"}));
  CHECK(subscribers("news") == counted("news", 1));
  server().ask("PUBLISH news hello");
  world.wait([&] { return !one.pushes.empty() && !two.pushes.empty(); });
  CHECK(one.pushes[0] == two.pushes[0]);
  CHECK(one.pushes[0]->bytes() == message_bytes(form, {"message", "news", "hello"}));
  const bridge::ChannelHubStatistics statistics = world.hub().statistics();
  CHECK(statistics.names == 2);
  CHECK(statistics.listeners == 2);
  CHECK(statistics.subscriptions == 1);
  CHECK(statistics.messages == 1);
  CHECK(statistics.encodings == 1);
  CHECK(statistics.pushes == 2);
}

TEST_CASE("a listener with a channel and a pattern gets both messages, as from a server") {
  const PushForm form = GENERATE(PushForm::resp3, PushForm::resp2);
  HubWorld world(server().url(), form);
  HeardListener listener;
  CHECK_FALSE(world.add(listener, Kind::pattern, {"user:*"}));
  CHECK_FALSE(world.add(listener, Kind::channel, {"user:7"}));
  CHECK_FALSE(world.add(listener, Kind::shard, {"user:7"}));
  server().ask("PUBLISH user:7 hello");
  server().ask("SPUBLISH user:7 there");
  world.wait([&] { return listener.pushes.size() == 3; });
  CHECK(listener.has(message_bytes(form, {"message", "user:7", "hello"})));
  CHECK(listener.has(message_bytes(form, {"pmessage", "user:*", "user:7", "hello"})));
  CHECK(listener.has(message_bytes(form, {"smessage", "user:7", "there"})));
  CHECK(world.hub().statistics().subscriptions == 1);
}

TEST_CASE("the last listener that leaves a channel ends its subscription") {
  HubWorld world(server().url());
  HeardListener one;
  HeardListener two;
  world.add(one, Kind::channel, {"ends"});
  world.add(two, Kind::channel, {"ends"});
  const std::vector<std::string_view> names{"ends", "never had"};
  world.hub().remove(one, Kind::channel, names);
  world.settle();
  CHECK(subscribers("ends") == counted("ends", 1));
  server().ask("PUBLISH ends hello");
  world.wait([&] { return !two.pushes.empty(); });
  CHECK(one.pushes.empty());
  world.hub().remove_all(two);
  world.settle();
  CHECK(subscribers("ends") == counted("ends", 0));
  CHECK(world.hub().statistics().names == 0);
  CHECK(world.hub().statistics().listeners == 0);
}

TEST_CASE("a message that was published before a listener asks does not reach it") {
  HubWorld world(server().url());
  HeardListener first;
  HeardListener second;
  world.add(first, Kind::channel, {"old"});
  server().ask("PUBLISH old before");  // the hub has not run since
  CHECK_FALSE(world.add(second, Kind::channel, {"old"}));
  server().ask("PUBLISH old after");
  world.wait([&] { return second.pushes.size() == 1 && first.pushes.size() == 2; });
  CHECK(second.has(message_bytes(world.form(), {"message", "old", "after"})));
}

TEST_CASE("names that a listener has already may be added again") {
  HubWorld world(server().url());
  HeardListener listener;
  CHECK_FALSE(world.add(listener, Kind::channel, {"twice", "twice"}));
  CHECK_FALSE(world.add(listener, Kind::channel, {"twice", "more"}));
  server().ask("PUBLISH twice hello");
  world.settle();
  CHECK(listener.pushes.size() == 1);
  const std::vector<std::string_view> names{"twice", "twice"};
  world.hub().remove(listener, Kind::channel, names);
  world.settle();
  CHECK(subscribers("twice") == counted("twice", 0));
  CHECK(subscribers("more") == counted("more", 1));
}

TEST_CASE("add() is done after it has returned, also without a name") {
  HubWorld world(server().url());
  HeardListener listener;
  bool has_returned = false;
  std::optional<Error> outcome;
  world.hub().add(listener, Kind::channel, {}, [&](Error error) {
    CHECK(has_returned);
    outcome = std::move(error);
  });
  has_returned = true;
  world.wait([&] { return outcome.has_value(); });
  CHECK(outcome->value().code() == ErrorCode::invalid_argument);
  CHECK(world.hub().statistics().listeners == 0);
}

TEST_CASE("a listener may be removed while its add() is under way, which then is never done") {
  HubWorld world(server().url());
  HeardListener other;
  const bool is_open = GENERATE(false, true);
  if (is_open) world.add(other, Kind::channel, {"other"});
  HeardListener gone;
  const auto token = std::make_shared<int>();
  const std::vector<std::string_view> names{"pending"};
  const std::vector<std::string_view> none;
  bool is_done = false;
  const auto done = [&is_done, token](const Error&) { is_done = true; };
  world.hub().add(gone, Kind::channel, names, done);
  world.hub().add(gone, Kind::channel, none, done);
  world.hub().remove_all(gone);
  CHECK(token.use_count() == 2);  // this one and `done` itself
  CHECK(world.hub().statistics().listeners == (is_open ? 1 : 0));
  world.settle();
  CHECK_FALSE(is_done);
  world.settle();  // behind the end of the subscription
  CHECK(subscribers("pending") == counted("pending", 0));
  CHECK(world.hub().statistics().names == (is_open ? 1 : 0));
}

TEST_CASE("names may be removed while their add() is under way, which is done nevertheless") {
  HubWorld world(server().url());
  HeardListener listener;
  const std::vector<std::string_view> names{"stays", "goes"};
  const std::vector<std::string_view> some{"goes"};
  std::optional<Error> outcome;
  world.hub().add(listener, Kind::channel, names, [&](Error error) { outcome = std::move(error); });
  world.hub().remove(listener, Kind::channel, some);
  world.wait([&] { return outcome.has_value(); });
  CHECK_FALSE(*outcome);
  server().ask("PUBLISH goes hello");
  server().ask("PUBLISH stays hello");
  world.settle();
  CHECK(listener.pushes.size() == 1);
  CHECK(subscribers("goes") == counted("goes", 0));
}

TEST_CASE("a name that is removed and asked for again comes from the second confirmation on") {
  HubWorld world(server().url());
  HeardListener listener;
  const bool is_pending = GENERATE(false, true);
  const std::vector<std::string_view> names{"again"};
  int done = 0;
  const auto count = [&done](const Error& error) { done += error ? 0 : 1; };
  world.hub().add(listener, Kind::channel, names, count);
  if (!is_pending) world.wait([&] { return done == 1; });
  world.hub().remove(listener, Kind::channel, names);
  world.hub().add(listener, Kind::channel, names, count);
  world.wait([&] { return done == 2; });
  CHECK(subscribers("again") == counted("again", 1));
  server().ask("PUBLISH again hello");
  world.wait([&] { return !listener.pushes.empty(); });
  world.settle();
  CHECK(listener.pushes.size() == 1);
}

TEST_CASE("adds of one name at a time each get their own answer") {
  HubWorld world(server().url());
  HeardListener one;
  HeardListener two;
  const std::vector<std::string_view> names{"both"};
  int done = 0;
  const auto count = [&done](const Error& error) { done += error ? 0 : 1; };
  world.hub().add(one, Kind::channel, names, count);
  world.hub().add(two, Kind::channel, names, count);
  world.wait([&] { return done == 2; });
  server().ask("PUBLISH both hello");
  world.wait([&] { return one.pushes.size() == 1 && two.pushes.size() == 1; });
}

TEST_CASE("a hub may end while everything is under way") {
  HubWorld world(server().url());
  HeardListener listener;
  world.add(listener, Kind::channel, {"end"});
  const std::vector<std::string_view> names{"more"};
  const std::vector<std::string_view> none;
  bool is_done = false;
  world.hub().add(listener, Kind::channel, names, [&](const Error&) { is_done = true; });
  world.hub().add(listener, Kind::channel, none, [&](const Error&) { is_done = true; });
  server().ask("PUBLISH end hello");
  world.close();
  world.run_rest();
  CHECK_FALSE(is_done);
  CHECK(listener.gaps.empty());
}

}  // namespace
}  // namespace plimsoll::testing::channel_hub_test
