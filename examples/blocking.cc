// A program that knows nothing of Asio's event loop: each call is a future, and the client is
// served by a thread that the library starts by itself.

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

int main(int argc, char** argv) try {
  const std::string url = argc > 1 ? argv[1] : "valkey://127.0.0.1:6379";
  Client client = plimsoll::native::connect(url, {}, use_future).get().value();

  // Wait for one.
  client.set("depth:harbour", "12", use_future).get().value();
  const auto harbour = client.get("depth:harbour", use_future).get().value();
  std::cout << "harbour: " << harbour.value_or("unknown") << " m\n";

  // Start several, then wait for all of them: that takes as long as one.
  std::vector<std::future<Result<std::int64_t>>> soundings;
  for (const char* depth : {"14", "19", "31"}) {
    soundings.push_back(client.command<std::int64_t>({"RPUSH", "soundings", depth}, use_future));
  }
  for (auto& sounding : soundings) {
    std::cout << "soundings so far: " << sounding.get().value() << "\n";
  }
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

// Prints:
//   harbour: 12 m
//   soundings so far: 1
//   soundings so far: 2
//   soundings so far: 3
