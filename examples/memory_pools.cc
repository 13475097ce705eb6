// The memory line of a process: its pools, moved while clients run, and what cannot be.

#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/memory.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;

void show_line() {
  const native::MemoryStatistics now = native::memory_statistics();
  std::cout << "line " << now.target << ", requests have "
            << now.pool(native::PoolKind::requests).share << " of it, clients " << now.clients
            << "\n";
}

asio::awaitable<void> run(std::string url) {
  auto client = co_await native::connect(url);
  co_await client.set("ship", "Great Eastern");
  show_line();

  // Whoever is over the new line keeps what it has, and nothing grows until that was released.
  native::set_memory_limit("8 MiB").value();
  show_line();

  // What cannot be changes nothing: requests alone have 2 MiB. The error's text has the numbers.
  const auto refused = native::set_memory_limit("2 MiB");
  if (!refused) std::cout << name(refused.error().code()) << "\n";
  show_line();
}

int main(int argc, char** argv) try {
  const std::string url = argc > 1 ? argv[1] : "valkey://127.0.0.1:6379";

  native::MemoryOptions memory;
  memory.memory_limit = "16 MiB";
  memory.pools.requests.budget = "2 MiB";
  memory.pools.replies.ratio = 0.4;
  native::configure_memory(memory).value();  // throws what is wrong with them

  asio::io_context io;
  auto done = asio::co_spawn(io, run(url), asio::use_future);
  io.run();
  done.get();  // throws what run() threw
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

// Prints:
//   line 16777216, requests have 2097152 of it, clients 1
//   line 8388608, requests have 2097152 of it, clients 1
//   invalid_option
//   line 8388608, requests have 2097152 of it, clients 1
