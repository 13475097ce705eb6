#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/native/bridge/shared/channel_hub.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/bridge/shared/hub_world.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/valkey_server.h"

// What a ChannelHub does when the server refuses, the connection is lost, or there is no room.

namespace plimsoll::testing::channel_hub_trouble_test {
namespace {

namespace asio = boost::asio;
using bridge::ChannelHub;
using bridge::PushForm;
using Kind = bridge::ChannelKind;
using Error = std::optional<native::Error>;

std::string counted(const std::string& channel, int count) {
  return "*2\r\n$" + std::to_string(channel.size()) + "\r\n" + channel +
         "\r\n:" + std::to_string(count) + "\r\n";
}

// A user who may subscribe to what begins with "open".
native::Options of_user(const ValkeyServer& server, const std::string& more = "") {
  server.ask("ACL SETUSER reader on >secret +@all resetchannels &open* ~* " + more);
  native::Options options = patient_options();
  options.username = "reader";
  options.password = "secret";
  return options;
}

TEST_CASE("names that the server refuses change nothing for others") {
  const PushForm form = GENERATE(PushForm::resp3, PushForm::resp2);
  const ValkeyServer server;
  HubWorld world(server.url(), form, of_user(server));
  HeardListener one;
  HeardListener two;
  // The first one is refused as the subscription opens; the next one opens it.
  const std::vector<std::string_view> refused{"open:a", "secret"};
  const std::vector<std::string_view> allowed{"open:a"};
  std::vector<Error> outcomes;
  const auto note = [&outcomes](Error error) { outcomes.push_back(std::move(error)); };
  world.hub().add(one, Kind::channel, refused, note);
  world.hub().add(two, Kind::channel, allowed, note);
  world.wait([&] { return outcomes.size() == 2; });
  REQUIRE(outcomes[0]);
  CHECK(outcomes[0]->code() == ErrorCode::permission_denied);
  CHECK_FALSE(outcomes[1]);
  CHECK(world.hub().statistics().listeners == 1);
  // And again while it is open.
  const Error again = world.add(one, Kind::channel, {"open:b", "secret"});
  REQUIRE(again);
  CHECK(again->code() == ErrorCode::permission_denied);
  CHECK_FALSE(world.add(one, Kind::channel, {"open:c"}));
  const Error third = world.add(one, Kind::channel, {"open:c", "secret"});
  CHECK(third);
  server.ask("PUBLISH open:a hello");
  server.ask("PUBLISH open:b hello");
  server.ask("PUBLISH open:c hello");
  world.wait([&] { return !one.pushes.empty(); });
  CHECK(one.pushes.size() == 1);
  CHECK(one.has(message_bytes(form, {"message", "open:c", "hello"})));
  CHECK(two.pushes.size() == 1);
  CHECK(world.hub().statistics().names == 2);
  CHECK(server.ask("PUBSUB NUMSUB open:b") == counted("open:b", 0));
}

TEST_CASE("a lost connection ends the listeners that may have missed something") {
  const PushForm form = GENERATE(PushForm::resp3, PushForm::resp2);
  const bool is_looked_for = GENERATE(false, true);
  const ValkeyServer server;
  HubWorld world(server.url(), form);
  HeardListener one;
  HeardListener two;
  world.add(one, Kind::channel, {"news"});
  world.add(two, Kind::pattern, {"n*"});
  CHECK(server.ask("CLIENT KILL TYPE pubsub") == ":1\r\n");
  if (is_looked_for) {
    world.wait([&] {
      world.hub().check();
      return !one.gaps.empty();
    });
  } else {
    world.wait([&] { return server.ask("PUBLISH news hello") != ":0\r\n"; });
    world.wait([&] { return !one.gaps.empty(); });
  }
  CHECK(one.gaps.size() == 1);
  CHECK(two.gaps.size() == 1);
  CHECK(one.pushes.empty());
  CHECK(world.hub().statistics().gaps == 2);
  CHECK(world.hub().statistics().listeners == 0);
  // They may come back.
  CHECK_FALSE(world.add(one, Kind::channel, {"news"}));
  server.ask("PUBLISH news again");
  world.wait([&] { return !one.pushes.empty(); });
  CHECK(one.has(message_bytes(form, {"message", "news", "again"})));
  CHECK(one.gaps.size() == 1);
}

TEST_CASE("who asks while there is no connection is subscribed once there is, without a gap") {
  ValkeyServer server;
  HubWorld world(server.url());
  HeardListener old;
  world.add(old, Kind::channel, {"old"});
  server.kill();
  world.wait([&] {
    world.hub().check();
    return !old.gaps.empty();
  });
  HeardListener listener;
  const std::vector<std::string_view> names{"new", "old"};
  std::optional<Error> outcome;
  world.hub().add(listener, Kind::channel, names, [&](Error error) { outcome = std::move(error); });
  server.restart();
  world.wait([&] { return outcome.has_value(); });
  CHECK_FALSE(*outcome);
  server.ask("PUBLISH new hello");
  server.ask("PUBLISH old hello");
  world.wait([&] { return listener.pushes.size() == 2; });
  CHECK(listener.gaps.empty());
  CHECK(old.pushes.empty());
}

TEST_CASE("a connection that is lost while an add() is under way only delays it") {
  const ValkeyServer server;
  HubWorld world(server.url());
  HeardListener old;
  world.add(old, Kind::channel, {"old"});
  HeardListener listener;
  const std::vector<std::string_view> names{"new", "old"};
  std::optional<Error> outcome;
  world.hub().add(listener, Kind::channel, names, [&](Error error) { outcome = std::move(error); });
  CHECK(server.ask("CLIENT KILL TYPE pubsub") == ":1\r\n");
  world.wait([&] { return outcome.has_value(); });
  CHECK_FALSE(*outcome);
  CHECK(old.gaps.size() == 1);
  server.ask("PUBLISH new hello");
  world.wait([&] { return !listener.pushes.empty(); });
  CHECK(listener.gaps.empty());
}

TEST_CASE("when the client is closed, listeners hear of it, and further ones are refused") {
  const ValkeyServer server;
  HubWorld world(server.url());
  HeardListener listener;
  world.add(listener, Kind::channel, {"news"});
  const auto closed = world.client().close(asio::use_future);
  world.wait([&] { return !listener.gaps.empty(); });
  const Error error = world.add(listener, Kind::channel, {"news"});
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::closed);
  CHECK(world.hub().statistics().subscriptions == 0);
  CHECK(world.hub().statistics().listeners == 0);
}

TEST_CASE("while the client has too many subscriptions, the hub waits for one to close") {
  const ValkeyServer server;
  HubWorld world(server.url());
  std::vector<native::Subscription> others;
  for (std::size_t i = 0; i < ChannelHub::client_subscriptions_max; ++i) {
    others.push_back(
        finish(world.context(), world.client().subscribe({"other"}, asio::use_future)).value());
  }
  HeardListener listener;
  const std::vector<std::string_view> names{"news"};
  std::vector<Error> outcomes;
  const auto note = [&outcomes](Error error) { outcomes.push_back(std::move(error)); };
  world.hub().add(listener, Kind::channel, names, note);
  const bool is_for_ever = GENERATE(false, true);
  if (!is_for_ever) {
    world.context().poll();
    others.pop_back();
  }
  world.wait([&] { return !outcomes.empty(); });
  CHECK(outcomes[0].has_value() == is_for_ever);
  if (is_for_ever) CHECK(outcomes[0]->code() == ErrorCode::rejected_by_limit);
  CHECK(world.hub().statistics().subscriptions == (is_for_ever ? 0 : 1));
}

TEST_CASE("a name whose end the server has refused is ended when its next message comes") {
  const ValkeyServer server;
  HubWorld world(server.url(), PushForm::resp3, of_user(server, "-unsubscribe"));
  HeardListener stays;
  HeardListener goes;
  world.add(stays, Kind::channel, {"open:stays"});
  world.add(goes, Kind::channel, {"open:goes"});
  world.hub().remove_all(goes);
  // Confirmed behind the refusal.
  world.add(stays, Kind::channel, {"open:more"});
  CHECK(server.ask("PUBSUB NUMSUB open:goes") == counted("open:goes", 1));
  server.ask("ACL SETUSER reader +unsubscribe");
  server.ask("PUBLISH open:goes hello");
  server.ask("PUBLISH open:stays hello");
  world.wait([&] { return !stays.pushes.empty(); });
  world.add(stays, Kind::channel, {"open:last"});
  CHECK(server.ask("PUBSUB NUMSUB open:goes") == counted("open:goes", 0));
  CHECK(goes.pushes.empty());
  CHECK(stays.gaps.empty());
}

TEST_CASE("without room for a message, the listeners that would get it hear of a gap") {
  const ValkeyServer server;
  HubWorld world(server.url());
  HeardListener one;
  HeardListener other;
  world.add(one, Kind::channel, {"news"});
  world.add(other, Kind::channel, {"other"});
  {
    const Filling filling(world.budget().budget);
    REQUIRE(filling.full());
    server.ask("PUBLISH news hello");
    world.wait([&] { return !one.gaps.empty(); });
  }
  CHECK(one.pushes.empty());
  CHECK(other.gaps.empty());
  server.ask("PUBLISH other hello");
  world.wait([&] { return !other.pushes.empty(); });
}

TEST_CASE("names, listeners and messages are paid for, and given back") {
  const ValkeyServer server;
  HubWorld world(server.url());
  const std::size_t before = world.budget().used(PoolKind::pushes);
  {
    HeardListener listener;
    world.add(listener, Kind::channel, {"news"});
    CHECK(world.budget().used(PoolKind::pushes) > before + bridge::HubNames::name_bytes);
    const std::size_t with_names = world.budget().used(PoolKind::pushes);
    const std::string payload(10'000, 'x');
    server.ask("PUBLISH news " + payload);
    world.wait([&] { return !listener.pushes.empty(); });
    CHECK(world.budget().used(PoolKind::pushes) >= with_names + payload.size());
    world.hub().remove_all(listener);
    world.settle();
    CHECK(listener.pushes[0]->bytes().size() > payload.size());
  }
  world.close();
  world.run_rest();
  CHECK(world.budget().used(PoolKind::pushes) == before);
}

TEST_CASE("without room for names, add() is refused and leaves nothing behind") {
  const ValkeyServer server;
  HubWorld world(server.url());
  HeardListener known;
  world.add(known, Kind::channel, {"known"});
  HeardListener listener;
  const std::vector<std::string> texts(100, std::string(1000, 'x'));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < texts.size(); ++i) names.push_back(texts[i] + std::to_string(i));
  const std::vector<std::string_view> views(names.begin(), names.end());
  {
    const Filling filling(world.budget().budget, GENERATE(0, 50'000));
    for (HeardListener* each : {&listener, &known}) {
      const Error error = world.add(*each, Kind::channel, views);
      REQUIRE(error);
      CHECK(error->code() == ErrorCode::rejected_by_limit);
    }
  }
  CHECK(world.hub().statistics().names == 1);
  CHECK(world.hub().statistics().listeners == 1);
  CHECK(world.hub().statistics().refused == 2);
  CHECK_FALSE(world.add(listener, Kind::channel, views));
}

TEST_CASE("names_max names fit, and one more is refused, also one that is known") {
  const ValkeyServer server;
  HubWorld world(server.url());
  HeardListener listener;
  HeardListener other;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < ChannelHub::names_max; ++i) names.push_back(std::to_string(i));
  const std::vector<std::string_view> views(names.begin(), names.end());
  const Error first = world.add(listener, Kind::channel, views);
  INFO((first ? first->what() : ""));
  REQUIRE_FALSE(first);
  const Error error = world.add(other, Kind::channel, {"7", "one more"});
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::rejected_by_limit);
  CHECK(world.add(other, Kind::pattern, {"one more"}));
  CHECK(world.add(other, Kind::channel, {"7"}));  // the subscription counts what a call passes
  world.hub().remove_all(listener);
  CHECK_FALSE(world.add(other, Kind::channel, {"7", "one more"}));
  CHECK(world.hub().statistics().names == 2);
  // More than one call can pass.
  std::vector<std::string_view> too_many(ChannelHub::names_max + 1, "same");
  const Error many = world.add(other, Kind::channel, too_many);
  REQUIRE(many);
  CHECK(many->code() == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace plimsoll::testing::channel_hub_trouble_test
