// The model against a real server: what both answer to the same bytes must be the same bytes.
#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/sim/model/comparison/both_servers.h"
#include "plimsoll/tests/sim/model/comparison/random_requests.h"
#include "plimsoll/tests/sim/model/comparison/real_users.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::sim::model::real_server_test {
namespace {

using testing::ValkeyServer;

// How many sequences a test case runs; PLIMSOLL_MODEL_SEQUENCES for more.
int sequence_count() {
  const char* const wanted = std::getenv("PLIMSOLL_MODEL_SEQUENCES");
  return wanted == nullptr ? 150 : std::atoi(wanted);
}

std::uint64_t first_seed() {
  const char* const wanted = std::getenv("PLIMSOLL_MODEL_SEED");
  return wanted == nullptr ? 1 : std::strtoull(wanted, nullptr, 10);
}

// A few connections, each with its greeting.
void connect(BothServers& servers, RandomRequests& requests) {
  for (std::uint64_t count = 1 + requests.below(4); count > 0; --count) {
    const std::size_t connection = servers.connect();
    for (const auto& words : requests.greeting()) servers.send(connection, request(words));
  }
}

// Some requests of one connection, to be sent together.
std::string some_bytes(RandomRequests& requests) {
  std::string bytes;
  const std::uint64_t kind = requests.below(12);
  if (kind < 3) {
    const auto all = kind < 2 ? requests.transaction() : requests.cached_read();
    for (const auto& words : all) bytes += requests.bytes(words);
    return bytes;
  }
  for (std::uint64_t count = 1 + requests.below(4); count > 0; --count) {
    bytes += requests.bytes(requests.command());
  }
  return requests.below(50) == 0 ? requests.spoiled(bytes) : bytes;
}

void send_in_pieces(BothServers& servers, RandomRequests& requests, std::size_t connection,
                    std::string_view bytes) {
  const std::size_t ends = servers.ends();
  while (!bytes.empty() && servers.ends() == ends) {
    const std::size_t size = 1 + requests.below(bytes.size());
    servers.send(connection, bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

// While the real server stands still, connections speak; it serves them in one turn of its loop, in
// the same order.
void send_in_one_turn(ValkeyServer& real, BothServers& servers, RandomRequests& requests) {
  (void)real.ask(
      "PING");  // then it is done with all others, and they come in the order of speaking
  real.pause();
  for (std::size_t connection = 0; connection < servers.connections(); ++connection) {
    if (requests.below(4) != 0) servers.send_only(connection, some_bytes(requests));
  }
  servers.end_turn();
  real.resume();
  servers.compare();
}

void run(ValkeyServer& real, BothServers& servers, std::uint64_t seed) {
  RandomRequests requests(seed);
  connect(servers, requests);
  for (std::uint64_t steps = 10 + requests.below(40); steps > 0; --steps) {
    const std::size_t connection = requests.below(servers.connections());
    switch (requests.below(30)) {
      case 0:
        servers.send(connection, request(requests.soon_expired()));
        servers.let_time_pass();
        break;
      case 1: send_in_one_turn(real, servers, requests); break;
      case 2:
      case 3: send_in_pieces(servers, requests, connection, some_bytes(requests)); break;
      default: servers.send(connection, some_bytes(requests)); break;
    }
  }
}

// Empties the real server, and says that whoever was there before has gone: a subscriber of another
// sequence would be counted.
void start_afresh(const ValkeyServer& real, std::string_view authentication) {
  (void)real.ask(std::string(authentication) + "FLUSHALL");
  while (real.ask(std::string(authentication) + "INFO clients").find("connected_clients:1\r") ==
         std::string::npos) {
  }
}

// Returns how many sequences differ; gives up after a few.
int count_differences(ValkeyServer& real, const ServerOptions& options,
                      std::string_view authentication) {
  int differences = 0;
  for (int i = 0; i < sequence_count() && differences < 3; ++i) {
    const std::uint64_t seed = first_seed() + static_cast<std::uint64_t>(i);
    start_afresh(real, authentication);
    BothServers servers(real.socket_path(), options);
    try {
      run(real, servers, seed);
    } catch (const std::runtime_error& difference) {
      constexpr std::size_t shown_max = 4000;
      const std::string_view text = difference.what();
      UNSCOPED_INFO("seed " << seed << "\n"
                            << text.substr(text.size() - std::min(text.size(), shown_max)));
      ++differences;
    }
  }
  return differences;
}

TEST_CASE("the model answers random requests as the real server does") {
  ValkeyServer real({.arguments = {"--enable-debug-command", "yes"}});
  // Keys that have expired go when they are touched, at the same request in both.
  (void)real.ask("DEBUG SET-ACTIVE-EXPIRE 0");
  const std::vector<User> users = users_with(User{});
  set_users(real, users);
  CHECK(count_differences(real, {.users = users}, "") == 0);
}

TEST_CASE("the model answers strangers as a real server with a password does") {
  ValkeyServer real({.arguments = {"--enable-debug-command", "yes"}});
  (void)real.ask("DEBUG SET-ACTIVE-EXPIRE 0");
  const std::vector<User> users = users_with({.name = "default", .password = "secret"});
  set_users(real, users);
  CHECK(count_differences(real, {.users = users}, "AUTH secret\r\n") == 0);
}

}  // namespace
}  // namespace plimsoll::sim::model::real_server_test
