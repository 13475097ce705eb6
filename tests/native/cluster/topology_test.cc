#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// What a client tells of its cluster, and how calls end that wait for one of its nodes.

namespace plimsoll::testing::native_cluster_topology_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Topology;
using NodeState = Topology::Node::State;
using namespace std::chrono_literals;

Topology::Node node_at(const Client& client, const std::string& address) {
  const Topology topology = client.topology();
  const auto found = std::find_if(topology.nodes.begin(), topology.nodes.end(),
                                  [&](const auto& each) { return each.address == address; });
  return found == topology.nodes.end() ? Topology::Node() : *found;
}

TEST_CASE("the topology has the nodes, their slots, and whether they are in use") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  finish(client.set(key_in(0), "here"));
  const Topology topology = client.topology();
  CHECK(topology.kind == Topology::Kind::cluster);
  CHECK(group.index_of(topology.primary) < 3);
  CHECK(topology.nodes.size() == 3);
  CHECK(topology.slots_unserved == 0);
  std::size_t slots = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const Topology::Node node = node_at(client, group.address(i));
    CHECK(node.id == group.id(i));
    // No call has needed the others yet.
    CHECK(node.state == (i == 0 ? NodeState::ready : NodeState::idle));
    CHECK(node.in_flight == 0);
    CHECK(node.problem.empty());
    slots += node.slots;
  }
  CHECK(slots == cluster_slots_count);
}

TEST_CASE("slots that move are counted where they are, and what was redirected is counted") {
  constexpr std::uint16_t slot = 500;
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  finish(client.set(key_in(slot), "here"));
  const std::size_t before = node_at(client, group.address(1)).slots;
  group.move_slot(slot, 1);
  CHECK(finish(client.get(key_in(slot))) == "here");
  CHECK(node_at(client, group.address(1)).slots == before + 1);
  CHECK(client.statistics().client.cluster.moved > 0);
  group.begin_move(slot, 0);
  CHECK(finish(client.get(key_in(slot, "none"))) == std::nullopt);
  CHECK(client.statistics().client.cluster.asked > 0);
  group.migrate_keys(slot, 0);
  group.finish_move(slot, 0, SlotOrder::target_first);
  CHECK(client.statistics().client.cluster.views > 0);
}

TEST_CASE("calls that wait for a lost node end by time, by their caller, or with the client") {
  ClusterGroup group({.primaries = 2,
                      .node_timeout = 60s,
                      .arguments = {"--cluster-require-full-coverage", "no"}});
  Client client = member_of(group);
  finish(client.set(key_in(0), "here"));
  finish(client.set(key_in(16'383), "there"));
  group.kill(0);
  REQUIRE(eventually([&] { return node_at(client, group.address(0)).state == NodeState::lost; }));
  CHECK_FALSE(node_at(client, group.address(0)).problem.empty());

  const native::Error late = error_of(client.with_timeout(50ms).get(key_in(0), use_future));
  CHECK(late.code() == ErrorCode::timed_out);
  CHECK(late.executed() == Executed::no);
  const std::string words = late.what();
  CHECK(words.find("the owner of slot 0, " + group.address(0) + ": ") != std::string::npos);

  boost::asio::cancellation_signal signal;
  auto cancelled = client.get(
      key_in(0), boost::asio::bind_cancellation_slot(signal.slot(), boost::asio::use_future));
  auto waiting = client.get(key_in(0), use_future);
  CHECK(finish(client.get(key_in(16'383))) == "there");
  CHECK(client.statistics().client.cluster.parked >= 2);
  signal.emit(boost::asio::cancellation_type::terminal);
  const native::Error stopped = error_of(std::move(cancelled));
  CHECK(stopped.code() == ErrorCode::cancelled);
  CHECK(stopped.executed() == Executed::no);

  client = Client();
  const native::Error lost = error_of(std::move(waiting));
  CHECK(lost.code() == ErrorCode::lost_unsent);
  CHECK(lost.executed() == Executed::no);
}

// Eight of ten while nobody knows that it is gone, and two since then.
TEST_CASE("requests that wait for one node leave places to the other, and more are refused") {
  ClusterGroup group({.primaries = 2,
                      .node_timeout = 60s,
                      .arguments = {"--cluster-require-full-coverage", "no"}});
  native::Options options = cluster_options();
  options.inflight_requests_limit = 10;
  options.inflight_overflow = native::OnLimit::reject;
  Client client = connected(group.url(), options);
  finish(client.set(key_in(16'383), "there"));
  group.kill(0);
  std::vector<std::future<native::Result<void>>> waiting;
  for (int i = 0; i < 10; ++i) waiting.push_back(client.set(key_in(0), "again", use_future));
  CHECK(finish(client.get(key_in(16'383))) == "there");
  std::size_t refused = 0;
  for (auto& each : waiting) {
    if (each.wait_for(0s) != std::future_status::ready) continue;
    const native::Error error = error_of(std::exchange(each, {}));
    CHECK(error.code() == ErrorCode::rejected_by_limit);
    CHECK(std::string(error.what()).find("one node has its share") != std::string::npos);
    ++refused;
  }
  CHECK((refused >= 2 && refused <= 8));
  CHECK(client.statistics().client.cluster.share_reached >= refused);
  group.restart(0);
  for (auto& each : waiting) {
    if (each.valid()) value_of(std::move(each));
  }
  CHECK(finish(client.get(key_in(0))) == "again");
  CHECK(finish(client.get(key_in(16'383))) == "there");
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_topology_test
