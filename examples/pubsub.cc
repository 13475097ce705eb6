// Messages that others publish. A subscription has a connection of its own, is subscribed again
// when that was lost, and says where messages may be missing.

#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/subscription.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;

asio::awaitable<void> listen(native::Subscription& sub) {
  while (const auto message = co_await sub.next()) {
    if (message->after_loss()) std::cout << "(something is missing here)\n";
    std::cout << message->channel << ": " << message->payload << "\n";
    if (message->payload == "over") sub.close();
  }
  std::cout << "closed\n";
}

asio::awaitable<void> run(std::string url) {
  auto client = co_await native::connect(url);
  auto sub = co_await client.subscribe({"news", "weather"});
  co_await sub.psubscribe({"ship:*"});

  std::cout << "reached " << co_await client.publish("news", "launched at last") << "\n";
  co_await client.publish("ship:great-eastern", "afloat");
  co_await client.publish("weather", "fair");
  co_await client.publish("nobody listens", "to this");
  co_await client.publish("news", "over");
  co_await listen(sub);
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
//   reached 1
//   news: launched at last
//   ship:great-eastern: afloat
//   weather: fair
//   news: over
//   closed
