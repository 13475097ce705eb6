// Runs the app, and calls the client in every form that its header offers.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "server.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;
using native::Client;
using native::Result;

namespace {

void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

/// What a command prints; empty if it does not run.
std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string output;
  for (int next = fgetc(pipe); next != EOF; next = fgetc(pipe)) output += static_cast<char>(next);
  return pclose(pipe) == 0 ? output : std::string();
}

asio::awaitable<void> awaited(Client& client) {
  co_await client.set("a", "1");
  native::SetOptions options;
  options.when = native::When::if_absent;
  options.expiry = native::SetExpiry::in(std::chrono::minutes(1));
  expect(!co_await client.set("a", "2", options), "set stores only what is absent");
  expect(co_await client.get("a") == "1", "get");
  expect(co_await client.incr("a") == 2, "incr");
  expect(co_await client.pttl("a") == -1, "pttl");
  expect((co_await client.mget({"a", "none"})).size() == 2, "mget");
  expect(co_await client.exists({"a", "none"}) == 1, "exists");
  expect(co_await client.del("a") == 1, "del");

  const std::map<std::string, std::string> fields{{"f", "1"}, {"g", "2"}};
  expect(co_await client.hset("h", fields) == 2, "hset");
  expect(co_await client.hget("h", "f") == "1", "hget");
  expect((co_await client.hgetall("h")).size() == 2, "hgetall");

  const std::vector<std::string> members{"x", "y"};
  expect(co_await client.sadd("s", members) == 2, "sadd");
  expect((co_await client.smembers("s")).size() == 2, "smembers");

  const native::Reply reply = co_await client.command("ECHO", "text");
  expect(reply.to_string() == "\"text\"", "command");
  expect(co_await client.command<double>("INCRBYFLOAT", "r", "0.5") == 0.5, "command<double>");
}

asio::awaitable<void> with_results(Client& client) {
  const Result<native::Reply> refused =
      co_await client.command({"SELECT", "1"}, asio::use_awaitable);
  expect(!refused && refused.error().code() == plimsoll::ErrorCode::refused_command, "refused");
  const Result<std::int64_t> wrong = co_await client.incr("h", asio::use_awaitable);
  expect(!wrong && wrong.error().server_code() == "WRONGTYPE", "server_error");
}

void by_other_tokens(Client& client) {
  expect(client.ping(asio::use_future).get().value() == "PONG", "use_future");
  expect(client.ping()(asio::use_future).get() == "PONG", "a Call with use_future");
  expect(client.ping(asio::deferred)(asio::use_future).get().value() == "PONG", "deferred");
  expect(client.dbsize(asio::use_future).get().value() > 0, "dbsize");
}

void by_callback(const std::string& url, const native::Options& options) {
  asio::io_context context;
  std::optional<Client> client;
  bool done = false;
  native::connect(context.get_executor(), url, options, [&](Result<Client> connected) {
    client.emplace(std::move(connected).value());
    client->get("none", [&](Result<std::optional<std::string>> value) {
      done = value.has_value() && !value->has_value();
      client->close([](Result<void>) {});
    });
  });
  context.run();
  expect(done, "callbacks");
}

}  // namespace

int main() try {
  const Server server;
  native::Options options;
  options.connect_timeout = options.request_timeout = std::chrono::seconds(10);
  Client client = native::connect(server.url(), options, asio::use_future).get().value();

  asio::io_context context;
  auto first = asio::co_spawn(context, awaited(client), asio::use_future);
  context.run();
  first.get();
  context.restart();
  auto second = asio::co_spawn(context, with_results(client), asio::use_future);
  context.run();
  second.get();
  by_other_tokens(client);
  by_callback(server.url(), options);
  expect(std::system(("./app " + server.url()).c_str()) == 0, "the app runs");
  expect(output_of("./ship " + server.url()) == "Great Eastern\n", "the page's program prints");
  const std::string file = std::string(std::getenv("TEST_TMPDIR")) + "/app.toml";
  std::ofstream(file) << "[client]\nurl = \"" + server.url() + "\"\nrequest_timeout = \"10 s\"\n";
  expect(std::system(("./configured " + file).c_str()) == 0, "the configured app runs");
  expect(client.statistics().memory.peak <= client.statistics().memory.limit, "statistics");
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
