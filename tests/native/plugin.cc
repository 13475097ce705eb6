// A plugin with a client of its own: a shared library that a program opens, calls and closes.

#include "plimsoll/sync_client.h"

extern "C" bool plugin_pings(const char* url) {
  auto client = plimsoll::native::SyncClient::connect(url);
  if (!client) return false;
  const auto said = client->ping();
  return said && *said == "PONG";
}
