// There may be no server where a package is tested. The package is right if the client says so.

#include <iostream>
#include <string>

#include "plimsoll/sync_client.h"

int main() {
  const auto client = plimsoll::native::SyncClient::connect("valkey://127.0.0.1:1");
  if (client) {
    std::cout << "connected\n";
    return 0;
  }
  const std::string said = client.error().what();
  std::cout << said << "\n";
  return said.find("127.0.0.1:1") == std::string::npos ? 1 : 0;
}
