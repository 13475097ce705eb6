#include <cstddef>
#include <string>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/increments.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/support/fault_proxy.h"

// A conversation with a real server, handshake and all, that is cut at each of its bytes.

namespace plimsoll::testing::reconnect_cut_test {
namespace {

using boost::asio::use_future;
using native::Client;
using namespace std::chrono_literals;

constexpr std::size_t increments_count = 3;

native::Options eager_options() {
  native::Options options = patient_options();
  options.reconnect_wait_max = 10ms;  // = reconnect_wait_min
  return options;
}

void forget_increments() { shared_server().ask("FLUSHALL"); }

// How many bytes go this way in a conversation that is not cut.
std::size_t conversation_bytes(Direction direction) {
  FaultProxy proxy(shared_server().socket_path());
  Increments work;
  Client client = connected(proxy.url(), eager_options());
  work.start(client, increments_count);
  CHECK(eventually([&] { return work.completed() == increments_count; }));
  forget_increments();
  return static_cast<std::size_t>(proxy.bytes(direction));
}

TEST_CASE("a conversation may be cut at any byte: the client gets over it, its outcomes are true") {
  const auto direction = GENERATE(Direction::to_server, Direction::to_client);
  const auto cut = GENERATE(Cut::reset, Cut::close, Cut::half_close);
  const std::size_t all = conversation_bytes(direction);
  FaultProxy proxy(shared_server().socket_path());
  std::size_t connections = 0;
  for (std::size_t bytes = 0; bytes < all; ++bytes) {
    INFO(bytes << " of " << all << " bytes");
    proxy.cut_after(direction, bytes, cut);
    Increments work;
    Client client = connected(proxy.url(), eager_options());
    work.start(client, increments_count);
    REQUIRE(eventually([&] { return work.all_ended(); }));
    REQUIRE(work.broken_promises(client) == "");
    REQUIRE(work.count(ErrorCode::lost_in_doubt) + work.completed() == increments_count);
    connections += 2;
    REQUIRE(proxy.connections() == connections);
    forget_increments();
  }
}

TEST_CASE("the handshake of a new connection may be cut at any byte as well") {
  const auto direction = GENERATE(Direction::to_server, Direction::to_client);
  const std::size_t all = conversation_bytes(direction);
  FaultProxy proxy(shared_server().socket_path());
  Increments work;
  Client client = connected(proxy.url(), eager_options());
  for (std::size_t bytes = 0; bytes < all; ++bytes) {
    INFO(bytes << " of " << all << " bytes");
    proxy.cut_after(direction, bytes, Cut::reset);
    proxy.cut_all(Cut::reset);
    work.start(client, increments_count);
    REQUIRE(eventually([&] { return work.all_ended(); }));
  }
  CHECK(work.broken_promises(client) == "");
  forget_increments();
}

}  // namespace
}  // namespace plimsoll::testing::reconnect_cut_test
