// Which addresses of servers are dialled, and how connections are kept.

#include "plimsoll/native/bridge/stream/dial.h"

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include <boost/asio/ip/address.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/patience.h"

namespace plimsoll::testing::dial_test {
namespace {

BridgeOptions with_upstream(std::string host, std::uint16_t port) {
  BridgeOptions options;
  bridge::Target target;
  target.endpoint.host = std::move(host);
  target.endpoint.port = port;
  options.settings.rules.upstreams.emplace("main", std::move(target));
  return options;
}

TEST_CASE("a name may stand for any address but a link-local one") {
  const auto may = [](const char* address) {
    return bridge::may_be_resolved_to(boost::asio::ip::make_address(address));
  };
  for (const char* address : {"127.0.0.1", "10.0.0.7", "169.253.255.255", "169.255.0.0", "::1",
                              "2001:db8::1", "fd00::1", "fec0::1", "::ffff:10.0.0.7"}) {
    INFO(address);
    CHECK(may(address));
  }
  for (const char* address : {"169.254.0.0", "169.254.169.254", "169.254.255.255", "fe80::1",
                              "febf::1", "::ffff:169.254.169.254", "fd00:ec2::254"}) {
    INFO(address);
    CHECK_FALSE(may(address));
  }
}

TEST_CASE("only what a server says about the user or the password is a refused login") {
  bridge::Profile profile;
  profile.password = "secret";
  for (const char* line :
       {"-WRONGPASS invalid username-password pair or user is disabled.",
        "-NOAUTH Authentication required.", "-NOPERM this user has no permissions",
        "-ERR AUTH <password> called without any password configured"}) {
    INFO(line);
    const bridge::LoginState state = bridge::read_login(std::string(line) + "\r\n", profile);
    CHECK(state.is_over);
    CHECK(state.is_refused);
    CHECK(state.problem == line);
  }
  for (const char* line : {"-LOADING Valkey is loading the dataset in memory",
                           "-ERR max number of clients reached", "-BUSY a script is running",
                           "-MASTERDOWN Link with MASTER is down", "-DENIED in protected mode"}) {
    INFO(line);
    const bridge::LoginState state =
        bridge::read_login("+OK\r\n" + std::string(line) + "\r\n", profile);
    CHECK(state.is_over);
    CHECK_FALSE(state.is_refused);
    CHECK(state.problem == line);
  }
}

// A resolver takes a number for an address; the configuration's own addresses have dots.
TEST_CASE("a server whose name stands for a link-local address is not dialled") {
  BridgeWorld world(with_upstream("2852039166", 80));  // 169.254.169.254
  CHECK(status_of_upgrade(world.port(), {}) == 502);
  constexpr std::string_view why = "its name resolves only to link-local addresses";
  CHECK(eventually([&] { return world.log().find(why) != std::string::npos; }));
}

// Of Linux: how many established connections of this machine have their keepalive timer running,
// of those with that port on the near or the far side.
struct Timers {
  int connections = 0;
  int kept_alive = 0;
};
enum class Side { near, far };

Timers timers_of(Side side, std::uint16_t port) {
  std::ifstream table("/proc/self/net/tcp");
  std::string line;
  std::getline(table, line);
  Timers timers;
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string number, ends[2], state, queues, timer;
    fields >> number >> ends[0] >> ends[1] >> state >> queues >> timer;
    const std::string& end = ends[side == Side::near ? 0 : 1];
    if (state != "01" || std::stoul(end.substr(end.find(':') + 1), nullptr, 16) != port) continue;
    ++timers.connections;
    timers.kept_alive += timer.starts_with("02") ? 1 : 0;
  }
  return timers;
}

TEST_CASE("the system asks after silent peers on both sides") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  client.send("*1\r\n$4\r\nPING\r\n");
  client.receive();
  // As soon as all is acknowledged: there is one timer for both.
  const auto is_kept_alive = [](Side side, std::uint16_t port) {
    const Timers timers = timers_of(side, port);
    return timers.connections == 1 && timers.kept_alive == 1;
  };
  CHECK(eventually([&] { return is_kept_alive(Side::near, world.port()); }));
  CHECK(eventually([&] { return is_kept_alive(Side::far, world.valkey().port()); }));
}

}  // namespace
}  // namespace plimsoll::testing::dial_test
