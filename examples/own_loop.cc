// The client on the program's own io_context, between its timers and sockets. One thread runs it
// all, so what the coroutines share needs no lock.

#include <chrono>
#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using plimsoll::native::Client;

struct Watch {
  Client client;
  int bells = 0;
};

// Strikes every few milliseconds, and tells the server each time.
asio::awaitable<void> stand(Watch& watch, int strokes) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (int stroke = 0; stroke < strokes; ++stroke) {
    timer.expires_after(std::chrono::milliseconds(5));
    co_await timer.async_wait(asio::use_awaitable);
    co_await watch.client.incr("bells");
    ++watch.bells;
  }
}

asio::awaitable<void> run(std::string url) {
  const auto executor = co_await asio::this_coro::executor;
  Watch watch;
  watch.client = co_await plimsoll::native::connect(executor, url);
  co_await (stand(watch, 3) && stand(watch, 5));
  std::cout << "bells here: " << watch.bells << "\n";
  std::cout << "bells there: " << (co_await watch.client.get("bells")).value_or("none") << "\n";
  co_await watch.client.close();
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
//   bells here: 8
//   bells there: 8
