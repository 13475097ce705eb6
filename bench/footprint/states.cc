#include "plimsoll/bench/footprint/states.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/memory/clients.h"
#include "plimsoll/bench/memory/process.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/memory.h"
#include "plimsoll/tests/support/certificates.h"
#include "plimsoll/tests/support/tls_server.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::bench {
namespace {

using boost::asio::use_future;

constexpr std::size_t clients_count = 100;
constexpr std::size_t cache_bytes = std::size_t{32} << 20;
constexpr std::size_t in_flight = 1000;
constexpr std::size_t load_value_bytes = 1024;

Figures now() {
  Figures figures;
  figures["anonymous"] = static_cast<double>(anonymous_rss_bytes());
  figures["file"] = static_cast<double>(file_rss_bytes());
  figures["accounted"] = static_cast<double>(native::memory_statistics().used);
  return figures;
}

template <class T>
void must(const native::Result<T>& result) {
  if (!result) fail("plimsoll", result.error().what());
}

Figures with_clients(const std::string& url, const native::Options& options, std::size_t count) {
  std::vector<native::Client> clients;
  clients.reserve(count);
  while (clients.size() < count) clients.push_back(connect_to(url, options));
  return now();
}

Figures linked_only(Footprint) { return now(); }

Figures one_client(Footprint) {
  const testing::ValkeyServer server;
  return with_clients(server.url(), patient_options(), 1);
}

Figures many_clients(Footprint) {
  const testing::ValkeyServer server;
  return with_clients(server.url(), patient_options(), clients_count);
}

Figures with_tls(std::size_t count) {
  const testing::CertificateAuthority authority;
  const testing::TlsServer server(authority);
  native::Options options = patient_options();
  options.tls.ca_file = authority.file();
  return with_clients(server.url(), options, count);
}

Figures one_tls_client(Footprint) { return with_tls(1); }
Figures many_tls_clients(Footprint) { return with_tls(clients_count); }

std::string key_of(std::size_t number) { return "footprint:" + std::to_string(1'000'000 + number); }

// Waits for all that was asked, `in_flight` at a time.
template <class Ask>
void ask_all(std::size_t count, Ask&& ask) {
  for (std::size_t begin = 0; begin < count; begin += in_flight) {
    std::vector<decltype(ask(begin))> asked;
    for (std::size_t i = begin; i < std::min(count, begin + in_flight); ++i) {
      asked.push_back(ask(i));
    }
    for (auto& each : asked) must(each.get());
  }
}

// More keys than the cache has room for are written and read: it is full, and has evicted.
Figures with_full_cache(Footprint size, std::size_t value_bytes) {
  must(native::set_memory_limit("64 MiB"));
  const testing::ValkeyServer server;
  native::ClientSideCacheOptions wanted;
  wanted.max_cache_kb = (size == Footprint::full ? cache_bytes : cache_bytes / 16) / 1024;
  wanted.enable_metrics = true;
  const auto cache = native::ClientSideCache::create(wanted).value();
  const std::size_t keys = wanted.max_cache_kb * 1024 / value_bytes * 5 / 4;
  const std::string value(value_bytes, 'v');
  {
    native::Client writer = connect_to(server.url(), patient_options());
    ask_all(keys, [&](std::size_t i) { return writer.set(key_of(i), value, use_future); });
  }
  native::Options options = patient_options();
  options.client_side_cache = cache;
  native::Client reader = connect_to(server.url(), options);
  ask_all(keys, [&](std::size_t i) { return reader.get(key_of(i), use_future); });
  Figures figures = now();
  const auto entries = static_cast<double>(cache->cache_entry_count().value());
  figures["entries"] = entries;
  figures["payload"] = entries * static_cast<double>(key_of(0).size() + value_bytes);
  return figures;
}

Figures cache_of_small(Footprint size) { return with_full_cache(size, 100); }
Figures cache_of_pages(Footprint size) { return with_full_cache(size, 4096); }

// GETs of 1 KiB, 1,000 at a time, for a while. The figures are those of the fullest moment.
Figures load(native::Client& client, Footprint size) {
  must(client.set("footprint:load", std::string(load_value_bytes, 'v'), use_future).get());
  Figures most = now();
  for (int round = 0; round < (size == Footprint::full ? 500 : 10); ++round) {
    ask_all(in_flight, [&](std::size_t) { return client.get("footprint:load", use_future); });
    Figures figures = now();
    if (figures["anonymous"] > most["anonymous"]) most = figures;
  }
  return most;
}

Figures under_load(Footprint size) {
  const testing::ValkeyServer server;
  native::Client client = connect_to(server.url(), patient_options());
  return load(client, size);
}

// Free pages stay with the line for some seconds; one is used for a PING now and then.
Figures after_load(Footprint size) {
  const testing::ValkeyServer server;
  native::Client client = connect_to(server.url(), patient_options());
  load(client, size);
  wait_until("free pages to go back to the system", [] {
    const native::MemoryStatistics memory = native::memory_statistics();
    return memory.segments.pooled + memory.segments.live <= segment_bytes;
  });
  return now();
}

constexpr std::array states = {
    FootprintState{"linked", "the client is linked, and not used", linked_only},
    FootprintState{"client", "1 client, idle", one_client},
    FootprintState{"clients", "100 clients, idle", many_clients},
    FootprintState{"tls", "1 client with TLS, idle", one_tls_client},
    FootprintState{"tls_clients", "100 clients with TLS, idle", many_tls_clients},
    FootprintState{"load", "1 client, 1,000 GETs of 1 KiB at a time", under_load},
    FootprintState{"quiet", "the same, when all is quiet again", after_load},
    FootprintState{"cache_small", "a cache of 32 MiB full of values of 100 B", cache_of_small},
    FootprintState{"cache_pages", "a cache of 32 MiB full of values of 4 KiB", cache_of_pages},
};

}  // namespace

std::span<const FootprintState> footprint_states() { return states; }

}  // namespace plimsoll::bench
