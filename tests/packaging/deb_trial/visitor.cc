// Reads a key through a bridge, and is refused a write: visitor URL TOKEN

#include <exception>
#include <iostream>

#include "plimsoll/sync_client.h"

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  plimsoll::native::Options options;
  options.token = argv[2];
  auto client = plimsoll::native::SyncClient::connect(argv[1], options).value();
  std::cout << client.get("public:ship").value().value_or("no such ship") << "\n";
  const auto written = client.set("public:ship", "sunk");
  std::cout << (written ? "written" : written.error().what()) << "\n";
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
