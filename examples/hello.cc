// Connects, stores a value, reads it back.

#include <exception>
#include <iostream>
#include <optional>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;

asio::awaitable<void> run(std::string url) {
  auto client = co_await plimsoll::native::connect(url);
  co_await client.set("ship", "Great Eastern");
  const std::optional<std::string> name = co_await client.get("ship");
  std::cout << "ship: " << name.value_or("none") << "\n";
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
//   ship: Great Eastern
