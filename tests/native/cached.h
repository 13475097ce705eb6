#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/use_future.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"

// For tests that read through a cache.

namespace plimsoll::testing {

inline native::ClientSideCacheOptions some_cache() {
  native::ClientSideCacheOptions options;
  options.max_cache_kb = 1024;
  options.enable_metrics = true;
  return options;
}

inline std::shared_ptr<native::ClientSideCache> make(
    const native::ClientSideCacheOptions& options = some_cache()) {
  return native::ClientSideCache::create(options).value();
}

inline native::Client cached_client(std::shared_ptr<native::ClientSideCache> cache,
                                    const std::string& url = unix_url()) {
  native::Options options = patient_options();
  options.client_side_cache = std::move(cache);
  return connected(url, options);
}

inline std::optional<std::string> get(native::Client& client, const std::string& key) {
  return value_of(client.get(key, boost::asio::use_future));
}

}  // namespace plimsoll::testing
