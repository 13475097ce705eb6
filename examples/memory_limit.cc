// Options, the memory line, and the figures that show how deep the client sits.

#include <chrono>
#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;

native::Options options() {
  native::Options options;
  options.memory_limit = "4 MiB";  // for all clients of this process together
  options.inflight_requests_limit = 100;
  options.request_timeout = std::chrono::seconds(1);
  options.client_name = "tender";
  return options;
}

asio::awaitable<void> run(std::string url) {
  auto client = co_await native::connect(url, options());
  std::cout << "known as " << co_await client.command<std::string>("CLIENT", "GETNAME") << "\n";

  // Requests have a quarter of the line for themselves, and what others leave idle, but never all
  // of it. What does not fit is refused before it is copied.
  const std::string cargo(3 * 1024 * 1024, 'x');
  const auto loaded = co_await client.set("cargo", cargo, asio::use_awaitable);
  if (!loaded) std::cout << name(loaded.error().code()) << "\n";

  const native::Statistics now = client.statistics();
  std::cout << "line: " << now.memory.limit << " bytes\n";
  std::cout << "ever above: " << (now.memory.peak > now.memory.limit ? "yes" : "no") << "\n";
  std::cout << "requests: " << now.client.submitted << " sent, " << now.client.rejected
            << " rejected, " << now.client.in_flight << " in flight\n";
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
//   known as tender
//   rejected_by_limit
//   line: 4194304 bytes
//   ever above: no
//   requests: 1 sent, 1 rejected, 0 in flight
