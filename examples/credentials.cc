// Passwords that do not last, as tokens of a cloud's IAM: a coroutine fetches one before the client
// connects, and the next before that one ends. The connection is told in between requests.

#include <chrono>
#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/awaited_credentials.h"
#include "plimsoll/client.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;
using namespace std::chrono_literals;

// Who makes the tokens: here, somebody with rights on the server.
struct TokenService {
  native::Client& admin;
  int made = 0;
  std::string last = {};

  asio::awaitable<native::Credentials> fetch() {
    last = "token-" + std::to_string(++made);
    co_await admin.command("ACL", "SETUSER", "jane", "on", "resetpass", ">" + last, "~*", "+@all");
    native::Credentials credentials;
    credentials.username = "jane";
    credentials.password = last;
    credentials.lifetime = 20ms;  // 15 minutes, where it is not an example
    co_return credentials;
  }
};

asio::awaitable<void> run(std::string url) {
  const auto executor = co_await asio::this_coro::executor;
  auto admin = co_await native::connect(executor, url);
  TokenService service{admin};

  native::Options options;
  options.credentials = native::awaited([&service] { return service.fetch(); });
  auto client = co_await native::connect(executor, url, options);
  std::cout << co_await client.command<std::string>("ACL", "WHOAMI") << "\n";

  asio::steady_timer soon(executor);
  while (service.made < 3) {
    soon.expires_after(1ms);
    co_await soon.async_wait(asio::use_awaitable);
  }
  co_await client.set("ship", "Great Eastern");  // the first token is good for nothing by now
  std::cout << *co_await client.get("ship") << "\n";
  std::cout << client.statistics().client.counters.connections << " connection\n";
  co_await client.close();
}

int main(int argc, char** argv) try {
  const std::string url = argc > 1 ? argv[1] : "valkey://127.0.0.1:6379";
  asio::io_context io;
  auto done = asio::co_spawn(io, run(url), asio::use_future);
  io.run();
  done.get();  // throws what run() threw
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

// Prints:
//   jane
//   Great Eastern
//   1 connection
