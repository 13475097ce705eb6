#include "plimsoll/bench/cache/clients.h"

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/cache/keys.h"
#include "plimsoll/client_side_cache.h"

namespace plimsoll::bench {
namespace {

constexpr std::uint32_t batch = 500;

// Starts a call for each key with `begin(key)`, some at a time.
template <class Begin>
void for_all_keys(const Begin& begin) {
  for (std::uint32_t number = 0; number < keys_count;) {
    std::vector<decltype(begin(std::string()))> calls;
    for (std::uint32_t i = 0; i < batch; ++i) calls.push_back(begin(key_text(number++)));
    for (auto& call : calls) call.get().value();
  }
}

}  // namespace

native::Client connect_cached(const std::string& url, std::uint64_t max_cache_kb) {
  native::Options options;
  options.request_timeout = std::chrono::seconds(30);
  if (max_cache_kb > 0) {
    native::ClientSideCacheOptions wanted;
    wanted.max_cache_kb = max_cache_kb;
    options.client_side_cache = native::ClientSideCache::create(wanted).value();
  }
  return native::connect(url, options, boost::asio::use_future).get().value();
}

void set_all(native::Client& client) {
  const std::string value(value_bytes, 'v');
  for_all_keys(
      [&](const std::string& key) { return client.set(key, value, boost::asio::use_future); });
}

void read_all(native::Client& client) {
  for_all_keys([&](const std::string& key) { return client.get(key, boost::asio::use_future); });
}

}  // namespace plimsoll::bench
