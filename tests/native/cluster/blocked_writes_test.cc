#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Nodes that read late: their sockets are full for a while.

namespace plimsoll::testing::native_cluster_blocked_writes_test {
namespace {

using boost::asio::use_future;
using native::Client;

TEST_CASE("what a node's socket had no room for arrives once the node reads on") {
  ClusterGroup& group = shared_cluster();
  native::Options options = cluster_options();
  options.health_check_interval =
      std::chrono::milliseconds(0);  // a PING would bring the rest along
  Client client = connected(group.url(), options);
  const std::string slow = key_in(0, "slow");
  const std::string quick = key_in(8'000, "quick");
  value_of(client.set(slow, "", use_future));
  value_of(client.set(quick, "here", use_future));

  // More than two sockets hold.
  const std::string large(std::size_t{12} << 20, 'v');
  const std::size_t owner = group.owner_of(0);
  group.freeze(owner);
  auto appended = client.append(slow, large, use_future);
  // Turns in which the node is blocked.
  for (int i = 0; i < 3; ++i) CHECK(value_of(client.get(quick, use_future)) == "here");
  group.thaw(owner);

  CHECK(value_of(std::move(appended)) == static_cast<std::int64_t>(large.size()));
  value_of(client.del({slow}, use_future));
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_blocked_writes_test
