// There may be no server where a package is tested. The package is right if the client says so.

#include <iostream>

#include "plimsoll/sync_client.h"

int main() {
  const auto client = plimsoll::native::SyncClient::connect("valkey://127.0.0.1:1");
  if (client) {
    std::cout << "connected\n";
    return 0;
  }
  std::cout << client.error().message() << "\n";
  return client.error().message().find("127.0.0.1:1") == std::string::npos ? 1 : 0;
}
