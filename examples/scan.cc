// Walking over many keys, and over a large value, page by page: the server serves others in
// between. An element may come twice; one that is there all the while comes once at least.

#include "plimsoll/scan.h"

#include <exception>
#include <iostream>
#include <set>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;

asio::awaitable<void> run(std::string url) {
  auto client = co_await native::connect(url);
  for (int i = 0; i < 300; ++i) {
    const std::string number = std::to_string(i);
    co_await client.hset("user:" + number, {{"name", "n" + number}});
    co_await client.zadd("tonnage", {{i * 10.0, "ship " + number}});
  }

  native::ScanOptions options;
  options.pattern = "user:*";
  options.count = 100;
  options.type = "hash";
  native::KeyScan users(client, options);
  std::set<std::string> keys;  // each once
  while (const auto page = co_await users.next()) keys.insert(page->begin(), page->end());
  std::cout << keys.size() << " users\n";

  native::SortedSetScan ships(client, "tonnage");
  double largest = 0;
  while (const auto page = co_await ships.next()) {
    for (const auto& [member, score] : *page) largest = std::max(largest, score);
  }
  std::cout << "the largest has " << largest << " tons\n";
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
//   300 users
//   the largest has 2990 tons
