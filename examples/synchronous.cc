// A program without asynchronous code: each call blocks its thread, and returns a Result. Several
// threads share one client.

#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "plimsoll/sync_client.h"

using plimsoll::native::SyncClient;

int main(int argc, char** argv) try {
  const std::string url = argc > 1 ? argv[1] : "valkey://127.0.0.1:6379";
  auto connected = SyncClient::connect(url);
  if (!connected) {
    std::cerr << connected.error().what() << "\n";
    return 1;
  }
  SyncClient& client = *connected;

  client.set("depth:quay", "9").value();
  const auto quay = client.get("depth:quay").value();
  std::cout << "quay: " << quay.value_or("unknown") << " m\n";

  // An error is a value, too.
  if (const auto sum = client.incr("depth:quay:name"); sum) {
    std::cout << "names counted: " << *sum << "\n";
  }

  std::vector<std::thread> boats;
  for (int boat = 0; boat < 4; ++boat) {
    boats.emplace_back([&client] {
      for (int pass = 0; pass < 25; ++pass) client.incr("passes").value();
    });
  }
  for (std::thread& boat : boats) boat.join();
  std::cout << "passes: " << client.get("passes").value().value_or("0") << "\n";
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

// Prints:
//   quay: 9 m
//   names counted: 1
//   passes: 100
