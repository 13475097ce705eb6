#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/native/bridge/shared/channel_hub.h"
#include "plimsoll/tests/native/bridge/shared/hub_world.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/valkey_server.h"

// Shard channels in a cluster, which are of slots.

namespace plimsoll::testing::channel_hub_slots_test {
namespace {

using bridge::ChannelHub;
using bridge::PushForm;
using Kind = bridge::ChannelKind;
using Error = std::optional<native::Error>;

// A server that is a cluster by itself. It takes two seconds to start.
class OneServerCluster {
 public:
  OneServerCluster() {
    ask("CLUSTER ADDSLOTSRANGE 0 16383");
    const auto is_up = [this] {
      return ask("CLUSTER INFO").find("cluster_state:ok") != std::string::npos;
    };
    if (!eventually(is_up)) throw std::runtime_error("the cluster did not come up");
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  std::string ask(const std::string& command) const { return server_.ask(command); }

 private:
  ValkeyServer server_{
      {.listen = Listen::unix_socket_and_tcp, .arguments = {"--cluster-enabled", "yes"}}};
};

OneServerCluster& cluster() {
  static OneServerCluster one;
  return one;
}

std::string url_of_cluster() { return "valkey+cluster://" + cluster().address(); }

// So many names, each of another slot.
std::vector<std::string> names_of_slots(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    names.push_back("slot" + std::to_string(i));
    for (std::size_t j = 0; j < i; ++j) REQUIRE(slot_of_key(names[i]) != slot_of_key(names[j]));
  }
  return names;
}

TEST_CASE("one add() takes shard channels of several slots, and the hub one subscription of each") {
  HubWorld world(url_of_cluster());
  HeardListener one;
  HeardListener two;
  CHECK_FALSE(world.add(one, Kind::shard, {"{a}1", "{a}2", "b", "c"}));
  CHECK_FALSE(world.add(two, Kind::shard, {"c", "b"}));
  CHECK_FALSE(world.add(two, Kind::channel, {"c"}));
  CHECK(world.hub().statistics().subscriptions == 4);
  cluster().ask("SPUBLISH {a}2 first");
  cluster().ask("SPUBLISH c second");
  cluster().ask("PUBLISH c third");
  world.wait([&] { return one.pushes.size() == 2 && two.pushes.size() == 2; });
  CHECK(one.has(message_bytes(world.form(), {"smessage", "{a}2", "first"})));
  CHECK(one.has(message_bytes(world.form(), {"smessage", "c", "second"})));
  CHECK(two.has(message_bytes(world.form(), {"smessage", "c", "second"})));
  CHECK(two.has(message_bytes(world.form(), {"message", "c", "third"})));
}

TEST_CASE("shard_subscriptions_max slots fit; the next takes the place of one without names") {
  HubWorld world(url_of_cluster());
  HeardListener listener;
  const std::vector<std::string> names = names_of_slots(ChannelHub::shard_subscriptions_max + 1);
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::vector<std::string_view> fitting(views.begin(), views.end() - 1);
  CHECK_FALSE(world.add(listener, Kind::shard, fitting));
  CHECK(world.hub().statistics().subscriptions == ChannelHub::shard_subscriptions_max);
  const Error error = world.add(listener, Kind::shard, {views.back()});
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::rejected_by_limit);
  const std::vector<std::string_view> first{views.front()};
  world.hub().remove(listener, Kind::shard, first);
  CHECK(world.hub().statistics().subscriptions == ChannelHub::shard_subscriptions_max);
  CHECK_FALSE(world.add(listener, Kind::shard, {views.back()}));
  CHECK(world.hub().statistics().subscriptions == ChannelHub::shard_subscriptions_max);
  for (const std::string& name : names) cluster().ask("SPUBLISH " + name + " hello");
  world.wait([&] { return listener.pushes.size() == ChannelHub::shard_subscriptions_max; });
  CHECK(listener.has(message_bytes(world.form(), {"smessage", names.back(), "hello"})));
  CHECK_FALSE(listener.has(message_bytes(world.form(), {"smessage", names.front(), "hello"})));
}

TEST_CASE("all slots can be exchanged at once: the hub waits for those that are being closed") {
  HubWorld world(url_of_cluster());
  HeardListener listener;
  const std::vector<std::string> names = names_of_slots(2 * ChannelHub::shard_subscriptions_max);
  const std::vector<std::string_view> views(names.begin(), names.end());
  const auto half = views.begin() + ChannelHub::shard_subscriptions_max;
  CHECK_FALSE(world.add(listener, Kind::shard, {views.begin(), half}));
  CHECK_FALSE(world.add(listener, Kind::channel, {"plain"}));
  world.hub().remove_all(listener);
  CHECK_FALSE(world.add(listener, Kind::shard, {half, views.end()}));
}

TEST_CASE("a name that is refused in one slot leaves nothing of an add() in the others") {
  cluster().ask("ACL SETUSER reader on >secret +@all resetchannels &open* ~*");
  native::Options options = patient_options();
  options.username = "reader";
  options.password = "secret";
  HubWorld world(url_of_cluster(), PushForm::resp3, options);
  HeardListener listener;
  const Error error = world.add(listener, Kind::shard, {"open1", "open2", "secret"});
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::permission_denied);
  CHECK(world.hub().statistics().names == 0);
  CHECK(world.hub().statistics().listeners == 0);
  CHECK_FALSE(world.add(listener, Kind::shard, {"open1"}));  // behind the end of the first one
  CHECK(cluster().ask("PUBSUB SHARDNUMSUB open1") == "*2\r\n$5\r\nopen1\r\n:1\r\n");
  CHECK(eventually(
      [] { return cluster().ask("PUBSUB SHARDNUMSUB open2") == "*2\r\n$5\r\nopen2\r\n:0\r\n"; }));
  cluster().ask("SPUBLISH open2 hello");
  cluster().ask("SPUBLISH open1 hello");
  world.wait([&] { return !listener.pushes.empty(); });
  CHECK(listener.pushes.size() == 1);
}

TEST_CASE("a name that the server has ended is a gap for those who have it, and for no others") {
  const PushForm form = GENERATE(PushForm::resp3, PushForm::resp2);
  native::Options options = patient_options();
  options.topology = TopologyChoice::standalone;
  HubWorld world("valkey://" + cluster().address(), form, options);
  HeardListener one;
  HeardListener two;
  CHECK_FALSE(world.add(one, Kind::shard, {"moves"}));
  CHECK_FALSE(world.add(two, Kind::shard, {"stays"}));
  CHECK_FALSE(world.add(two, Kind::channel, {"plain"}));
  CHECK(world.hub().statistics().subscriptions == 1);
  const std::string slot = std::to_string(slot_of_key("moves"));
  cluster().ask("CLUSTER DELSLOTS " + slot);
  world.wait([&] { return !one.gaps.empty(); });
  cluster().ask("CLUSTER ADDSLOTS " + slot);
  CHECK(eventually([] { return cluster().ask("SPUBLISH stays hello") == ":1\r\n"; }));
  world.wait([&] { return !two.pushes.empty(); });
  CHECK(two.gaps.empty());
  CHECK_FALSE(world.add(one, Kind::shard, {"moves"}));
}

}  // namespace
}  // namespace plimsoll::testing::channel_hub_slots_test
