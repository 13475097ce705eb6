#include <atomic>
#include <string>
#include <vector>

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/tls_world.h"
#include "plimsoll/tests/support/fault_proxy.h"

// A client with several connections: commands that block have some of their own. Each comes and
// goes by itself, with TLS and with credentials that are asked for as the main one.

namespace plimsoll::testing::connections_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::CredentialsRequest;
using native::Error;
using native::Options;
using namespace std::chrono_literals;

using Popped = native::Result<std::vector<std::string>>;

std::future<Popped> pop(Client& client, const std::string& list) {
  return client.command<std::vector<std::string>>({"BLPOP", list, "0"}, use_future);
}

// Until the server has `count` clients that block.
void wait_for_blocked(const ValkeyServer& server, int count) {
  const std::string words = "blocked_clients:" + std::to_string(count) + "\r";
  CHECK(eventually([&] { return server.ask("INFO clients").find(words) != std::string::npos; }));
}

TEST_CASE("commands that block do not hold the others up, plain and with TLS") {
  const bool tls = GENERATE(false, true);
  const ValkeyServer plain;
  const ValkeyServer& server = tls ? shared_tls_server() : plain;
  Client client = connected(server.url(), tls ? trusting(shared_authority()) : patient_options());
  std::vector<std::future<Popped>> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(pop(client, "list:" + std::to_string(i)));
  wait_for_blocked(server, 5);
  CHECK(value_of(client.ping(use_future)) == "PONG");
  CHECK(client.statistics().client.blocking_connections == 5);
  for (int i = 5; i-- > 0;) {
    client.command({"RPUSH", "list:" + std::to_string(i), "ship"}, use_future);
    const auto popped = value_of(std::move(waiting[static_cast<std::size_t>(i)]));
    CHECK(popped == std::vector<std::string>{"list:" + std::to_string(i), "ship"});
  }
}

TEST_CASE("large values on several connections at once come in whole, plain and with TLS") {
  const bool tls = GENERATE(false, true);
  const ValkeyServer plain;
  const ValkeyServer& server = tls ? shared_tls_server() : plain;
  Client client = connected(server.url(), tls ? trusting(shared_authority()) : patient_options());
  const std::string megabyte(1 << 20, 'x');
  for (int round = 0; round < 3; ++round) {
    std::vector<std::future<Popped>> waiting;
    for (int i = 0; i < 4; ++i) waiting.push_back(pop(client, "list:" + std::to_string(i)));
    wait_for_blocked(server, 4);
    std::vector<std::future<native::Result<native::Reply>>> pushes;
    for (int i = 0; i < 4; ++i) {
      pushes.push_back(
          client.command({"RPUSH", "list:" + std::to_string(i), megabyte}, use_future));
    }
    for (auto& push : pushes) value_of(std::move(push));
    for (auto& one : waiting) {
      CHECK(value_of(std::move(one)).back() == megabyte);
    }
  }
}

TEST_CASE("a connection beside the main one is lost alone, and on_connection hears nothing of it") {
  const ValkeyServer server;
  ConnectionLog log;
  Options options = patient_options();
  log.listen(options);
  Client client = connected(server.url(), options);
  auto waiting = pop(client, "list");
  wait_for_blocked(server, 1);
  const std::string clients = server.ask("CLIENT LIST");
  const std::size_t line = clients.rfind("id=", clients.find("cmd=blpop"));
  const std::string id = clients.substr(line + 3, clients.find(' ', line) - line - 3);
  server.ask("CLIENT KILL ID " + id);
  const Error error = error_of(std::move(waiting));
  CHECK(error.code() == ErrorCode::lost_in_doubt);
  CHECK_THAT(error.what(), ContainsSubstring("unix:" + server.socket_path()));
  CHECK(log.story() == "connected");
  CHECK(value_of(client.ping(use_future)) == "PONG");
  auto another = pop(client, "list");
  wait_for_blocked(server, 1);
  value_of(client.command({"RPUSH", "list", "ship"}, use_future));
  value_of(std::move(another));
}

TEST_CASE("a client that ends takes all its connections along") {
  const ValkeyServer server;
  Client client = connected(server.url());
  std::vector<std::future<Popped>> waiting;
  for (int i = 0; i < 4; ++i) waiting.push_back(pop(client, "list"));
  wait_for_blocked(server, 4);
  client = Client();
  for (auto& one : waiting) CHECK(error_of(std::move(one)).code() == ErrorCode::lost_in_doubt);
  CHECK(eventually([&] {
    return server.ask("INFO clients").find("connected_clients:1\r") != std::string::npos;
  }));
}

TEST_CASE("connections that are opened together ask for credentials once at a time") {
  const ValkeyServer server({.arguments = {"--requirepass", "first"}});
  std::atomic<int> open = 0;
  std::atomic<int> open_max = 0;
  std::atomic<int> asked = 0;
  boost::asio::thread_pool vault(1);
  Options options = patient_options();
  options.credentials = [&](const CredentialsRequest& request) {
    ++asked;
    if (++open > open_max) open_max = open.load();
    boost::asio::post(vault, [&, request] {
      --open;
      request.succeed({.password = "first"});
    });
  };
  {
    Client client = connected(server.url(), options);
    for (int i = 0; i < 4; ++i) pop(client, "list");
    CHECK(eventually([&] { return client.statistics().client.blocking_connections == 4; }));
    CHECK(value_of(client.ping(use_future)) == "PONG");
  }
  vault.join();
  CHECK(asked >= 2);
  CHECK(open_max == 1);
}

TEST_CASE("a new password is told to all connections") {
  const ValkeyServer server;
  server.ask("ACL SETUSER jane on >first ~* &* +@all");
  Options options = patient_options();
  options.username = "jane";
  options.password = "first";
  ConnectionLog log;
  log.listen(options);
  Client client = connected(server.url(), options);
  auto waiting = pop(client, "list");
  wait_for_blocked(server, 1);
  server.ask("ACL SETUSER jane >second");
  client.set_credentials("jane", "second");
  server.ask("ACL SETUSER jane <first");
  value_of(client.command({"RPUSH", "list", "a"}, use_future));
  value_of(std::move(waiting));
  auto another = pop(client, "list");
  wait_for_blocked(server, 1);
  value_of(client.command({"RPUSH", "list", "a"}, use_future));
  value_of(std::move(another));
  CHECK(log.story() == "connected");
}

}  // namespace
}  // namespace plimsoll::testing::connections_test
