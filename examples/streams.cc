// A service that reads from a stream as one of a group: each order is given to one of them, again
// if it was not acknowledged, and to another one if the one who had it is gone.

#include <chrono>
#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/stream_reader.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;

native::StreamReaderOptions billing(std::string consumer) {
  native::StreamReaderOptions options;
  options.group = "billing";
  options.consumer = std::move(consumer);
  options.streams = {"orders"};
  options.create_group = true;
  options.begin = "0";
  options.count = 2;
  options.claim_after = std::chrono::milliseconds(200);
  return options;
}

// Handles `wanted` orders.
asio::awaitable<void> serve(native::StreamReader reader, std::string name, std::size_t wanted) {
  for (std::size_t handled = 0; handled < wanted;) {
    const native::StreamBatch batch = co_await reader.next();
    for (const native::StreamEntries& part : batch.streams) {
      for (const native::StreamEntry& order : part.entries) {
        std::cout << name << ": " << order.fields[0].value << "\n";
      }
      handled += part.entries.size();
      co_await reader.ack(part);
    }
  }
}

asio::awaitable<void> run(std::string url) {
  auto client = co_await native::connect(url);
  for (const char* order : {"anchors", "bolts", "chains", "dories"}) {
    co_await client.command("XADD", "orders", "*", "of", order);
  }
  {
    native::StreamReader gone(client, billing("billing-1"));
    co_await gone.next();  // and nobody hears of it again
  }
  co_await serve(native::StreamReader(client, billing("billing-2")), "billing-2", 4);
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
//   billing-2: chains
//   billing-2: dories
//   billing-2: anchors
//   billing-2: bolts
