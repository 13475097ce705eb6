// What is read again comes from this process's memory, and a write is seen at once.

#include <chrono>
#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;

void show(const char* what, const native::ClientSideCache& cache) {
  const auto now = cache.cache_statistics().value();
  std::cout << what << ": lookups " << now.lookups << ", hits " << now.hits << ", entries "
            << now.entries << ", invalidations " << now.invalidations << "\n";
}

asio::awaitable<void> run(std::string url) {
  native::ClientSideCacheOptions wanted;
  wanted.max_cache_kb = 1024;
  wanted.enable_metrics = true;
  const auto cache = native::ClientSideCache::create(wanted).value();

  native::Options options;
  options.client_side_cache = cache;
  auto client = co_await native::connect(url, options);

  co_await client.set("ship", "Great Eastern");
  show("SET ship", *cache);
  co_await client.get("ship");
  show("GET ship", *cache);
  co_await client.get("ship");
  show("GET ship", *cache);
  co_await client.get("no such ship");
  show("GET no such ship", *cache);
  co_await client.set("ship", "Great Britain");
  show("SET ship", *cache);
  co_await client.get("ship");
  show("GET ship", *cache);

  // Waits for nothing: there, or not.
  if (const auto name = client.cached<std::string>("GET", "ship")) std::cout << *name << "\n";

  // True 50 ms ago or later, by one PING for all who ask where that is not known yet.
  const auto fresh = co_await client.get("ship", {.max_staleness = std::chrono::milliseconds(50)});
  std::cout << fresh.value_or("no ship") << "\n";

  // Whatever is served from here on was true when this was called, or later.
  co_await cache->barrier();
}

int main(int argc, char** argv) try {
  asio::io_context io;
  auto done =
      asio::co_spawn(io, run(argc > 1 ? argv[1] : "valkey://127.0.0.1:6379"), asio::use_future);
  io.run();
  done.get();  // throws what run() threw
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

// Prints:
//   SET ship: lookups 0, hits 0, entries 0, invalidations 0
//   GET ship: lookups 1, hits 0, entries 1, invalidations 0
//   GET ship: lookups 2, hits 1, entries 1, invalidations 0
//   GET no such ship: lookups 3, hits 1, entries 1, invalidations 0
//   SET ship: lookups 3, hits 1, entries 0, invalidations 1
//   GET ship: lookups 4, hits 1, entries 1, invalidations 1
//   Great Britain
//   Great Britain
