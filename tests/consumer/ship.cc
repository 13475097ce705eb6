#include <exception>
#include <iostream>

#include "plimsoll/sync_client.h"

int main(int argc, char** argv) try {
  const char* url = argc > 1 ? argv[1] : "valkey://127.0.0.1:6379";
  auto client = plimsoll::native::SyncClient::connect(url).value();
  client.set("ship", "Great Eastern").value();
  std::cout << client.get("ship").value().value() << "\n";
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
