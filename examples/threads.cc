// One client, many threads: no lock of one's own, no pool of connections. What the threads send
// at about the same time leaves together.

#include <cstdint>
#include <exception>
#include <future>
#include <iostream>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"

using boost::asio::use_future;
using plimsoll::native::Client;
using plimsoll::native::Result;

constexpr int cranes_count = 4;
constexpr int containers_count = 100;

// Counts containers, all of them under way at once.
void unload(Client& client) {
  std::vector<std::future<Result<std::int64_t>>> counted;
  for (int i = 0; i < containers_count; ++i) {
    counted.push_back(client.incr("containers", use_future));
  }
  for (auto& one : counted) one.get().value();  // throws if it failed
}

int main(int argc, char** argv) try {
  const std::string url = argc > 1 ? argv[1] : "valkey://127.0.0.1:6379";
  Client client = plimsoll::native::connect(url, {}, use_future).get().value();

  std::vector<std::future<void>> cranes;
  for (int i = 0; i < cranes_count; ++i) {
    cranes.push_back(std::async(std::launch::async, [&client] { unload(client); }));
  }
  for (auto& crane : cranes) crane.get();

  const auto total = client.get("containers", use_future).get().value();
  std::cout << cranes_count << " cranes, " << total.value_or("no") << " containers\n";
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

// Prints:
//   4 cranes, 400 containers
