// The model against a real server: what both answer to the same bytes must be the same bytes.
#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/sim/model/comparison/both_servers.h"
#include "plimsoll/tests/sim/model/comparison/random_requests.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::sim::model {
namespace {

using testing::ValkeyServer;

// How many sequences; PLIMSOLL_MODEL_SEQUENCES for more.
int sequence_count() {
  const char* const wanted = std::getenv("PLIMSOLL_MODEL_SEQUENCES");
  return wanted == nullptr ? 300 : std::atoi(wanted);
}

std::uint64_t first_seed() {
  const char* const wanted = std::getenv("PLIMSOLL_MODEL_SEED");
  return wanted == nullptr ? 1 : std::strtoull(wanted, nullptr, 10);
}

std::vector<User> users() {
  std::vector<User> all = {User{}};
  all.push_back({.name = "noget", .password = "secret", .denied_commands = {"get", "subscribe"}});
  all.push_back({.name = "nocaching",
                 .password = "secret",
                 .denied_commands = {"client|caching", "hello", "multi"}});
  all.push_back({.name = "limited",
                 .password = "secret",
                 .denied_commands = {"client"},
                 .keys = {"a*", "k"},
                 .channels = {"c*"}});
  all.push_back({.name = "disabled", .password = "secret", .state = User::State::disabled});
  return all;
}

// Makes the real server know the same users.
void set_users(const ValkeyServer& server, const std::vector<User>& users) {
  for (const User& user : users) {
    std::string rules = "ACL SETUSER " + user.name + " reset +@all";
    rules += user.state == User::State::enabled ? " on" : " off";
    rules += user.password ? " >" + *user.password : " nopass";
    for (const std::string& command : user.denied_commands) rules += " -" + command;
    for (const std::string& key : user.keys) rules += " ~" + key;
    for (const std::string& channel : user.channels) rules += " &" + channel;
    server.ask(rules);
  }
}

// What one sequence does: a few connections, some dozens of requests in pieces of several.
void run(BothServers& servers, std::uint64_t seed) {
  RandomRequests requests(seed);
  const std::uint64_t connections = 1 + requests.below(4);
  for (std::uint64_t i = 0; i < connections; ++i) {
    const std::size_t connection = servers.connect();
    for (const auto& words : requests.greeting()) servers.send(connection, request(words));
  }
  for (std::uint64_t steps = 10 + requests.below(40); steps > 0; --steps) {
    const std::size_t connection = requests.below(servers.connections());
    if (requests.below(30) == 0) {
      servers.send(connection, request(requests.soon_expired()));
      servers.let_time_pass();
      continue;
    }
    std::string bytes;
    if (requests.below(6) == 0) {
      for (const auto& words : requests.transaction()) bytes += requests.bytes(words);
    } else {
      for (std::uint64_t count = 1 + requests.below(4); count > 0; --count) {
        bytes += requests.bytes(requests.command());
      }
    }
    servers.send(connection, bytes);
  }
}

int run_sequences(const ValkeyServer& server, const ServerOptions& options) {
  int failures = 0;
  for (int i = 0; i < sequence_count(); ++i) {
    const std::uint64_t seed = first_seed() + static_cast<std::uint64_t>(i);
    // Whoever was there before must be gone: a subscriber would be counted.
    (void)server.ask("FLUSHALL");
    BothServers servers(server.socket_path(), options);
    try {
      run(servers, seed);
    } catch (const std::runtime_error& difference) {
      const std::string text = difference.what();
      UNSCOPED_INFO("seed " << seed << "\n"
                            << text.substr(text.size() - std::min<std::size_t>(text.size(), 4000)));
      if (++failures == 3) break;
    }
  }
  return failures;
}

TEST_CASE("the model answers random requests as the real server does") {
  ValkeyServer server({.arguments = {"--enable-debug-command", "yes"}});
  // Keys that have expired go when they are touched, at the same request in both.
  (void)server.ask("DEBUG SET-ACTIVE-EXPIRE 0");
  set_users(server, users());
  CHECK(run_sequences(server, {.users = users()}) == 0);
}

}  // namespace
}  // namespace plimsoll::sim::model
