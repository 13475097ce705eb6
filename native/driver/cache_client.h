#pragma once

#include <cstdint>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/session/options.h"
#include "plimsoll/native/base/executor_life.h"
#include "plimsoll/native/call/operation.h"

// The interfaces by which a cache and its clients know each other. With them the driver need not
// include ClientSideCache, nor ClientSideCache the driver.

namespace plimsoll::inline v0::native {

/// A client, as its cache sees it.
class CacheClient {
 public:
  virtual const boost::asio::any_io_executor& executor() const = 0;

  /// Proves that all invalidations sent so far have arrived (plimsoll::Client::prove()), within the
  /// client's request_timeout. On executor().
  virtual void prove(Operation& operation) = 0;

 protected:
  ~CacheClient() = default;
};

/// A cache, as its clients see it.
class SharedCache {
 public:
  virtual cache::Cache& core() = 0;

  /// What its clients' connections ask of the server. The views live as long as the cache.
  virtual TrackingOptions tracking() const = 0;

  /// Called once for each client.
  virtual void attach(const std::shared_ptr<CacheClient>& client,
                      std::shared_ptr<ExecutorLife> executor) = 0;

 protected:
  ~SharedCache() = default;
};

/// A weak reference to a client of a cache. The cache must not keep the client alive: the last
/// reference destroys the client, and its sockets belong to its executor, which may be gone by
/// then.
struct AttachedClient {
  std::weak_ptr<CacheClient> client;
  std::shared_ptr<ExecutorLife> executor;
  std::uint64_t fork_count = 0;  ///< current_fork_count() of the process that has the client
};

}  // namespace plimsoll::inline v0::native
