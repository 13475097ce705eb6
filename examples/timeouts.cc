// How long to wait: a client's limit for each request, another for one of them, one's own patience.
// A request that is given up gives back its memory, and the connection goes on.

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

// Keeps the server busy for half a second.
constexpr std::string_view slow_script =
    "local stop = os.clock() + 0.5; while os.clock() < stop do end; return 'at last'";

asio::awaitable<void> run(std::string url) {
  native::Options options;
  options.request_timeout = 10s;
  auto client = co_await native::connect(url, options);

  try {
    co_await client.with_timeout(100ms).command("EVAL", slow_script, "0");
  } catch (const native::Error& error) {
    std::cout << name(error.code()) << ", executed: " << name(error.executed()) << "\n";
  }
  co_await client.ping();  // when the script has ended

  asio::steady_timer patience(co_await asio::this_coro::executor, 100ms);
  const auto first =
      co_await (client.command<std::string>({"EVAL", slow_script, "0"}, asio::use_awaitable) ||
                patience.async_wait(asio::use_awaitable));
  std::cout << (first.index() == 0 ? "the script was faster" : "patience was over first") << "\n";

  // Its reply comes all the same, is known to be nobody's, and is not mistaken for this one.
  std::cout << "and then: " << co_await client.ping() << "\n";
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
//   timed_out, executed: maybe
//   patience was over first
//   and then: PONG
