// What a client does when its connection is lost: it gets another one, and calls that were not sent
// wait for it. Those that were sent may have run, so they fail with lost_in_doubt; reads, which do
// no harm, can be sent again. docs/failure.md has the rest.

#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;
using native::ConnectionEvent;

void report(const ConnectionEvent& event) {
  switch (event.kind) {
    case ConnectionEvent::Kind::connected: std::cout << "connected\n"; return;
    case ConnectionEvent::Kind::disconnected:
      std::cout << "disconnected: " << name(event.error->code()) << "\n";
      return;
    case ConnectionEvent::Kind::closed: std::cout << "closed\n"; return;
    case ConnectionEvent::Kind::credentials_refused: return;  // there are none that change
  }
}

asio::awaitable<void> run(std::string url) {
  native::Options options;
  options.on_connection = report;
  options.read_resends_max = 1;
  auto client = co_await native::connect(co_await asio::this_coro::executor, url, options);
  co_await client.set("ship", "Great Eastern");

  // The server throws everybody out, this client too.
  co_await client.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no");

  const auto ship = co_await client.get("ship");
  std::cout << *ship << "\n";
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
//   connected
//   disconnected: connection_lost
//   connected
//   Great Eastern
//   closed
