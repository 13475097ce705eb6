#pragma once

#include <cstdint>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/session/options.h"
#include "plimsoll/native/base/executor_life.h"
#include "plimsoll/native/call/operation.h"

// A cache and its clients, as they know one another: no more than this, so that neither a driver
// includes the cache that users make, nor that cache a driver.

namespace plimsoll::native {

/// A client, as its cache knows it.
class CacheClient {
 public:
  virtual const boost::asio::any_io_executor& executor() const = 0;

  /// Proves that all invalidations sent so far have arrived (plimsoll::Client::prove()), within the
  /// client's request_timeout. On executor().
  virtual void prove(Operation& operation) = 0;

 protected:
  ~CacheClient() = default;
};

/// A cache, as its clients know it.
class SharedCache {
 public:
  virtual cache::Cache& core() = 0;

  /// What connections of its clients ask of the server. Views of this object.
  virtual TrackingOptions tracking() const = 0;

  /// Called once for each client.
  virtual void attach(const std::shared_ptr<CacheClient>& client,
                      std::shared_ptr<ExecutorLife> executor) = 0;

 protected:
  ~SharedCache() = default;
};

/// A client of a cache, for those who must not keep it: the last reference destroys the client, and
/// its sockets belong to its executor, which may be gone by then.
struct AttachedClient {
  std::weak_ptr<CacheClient> client;
  std::shared_ptr<ExecutorLife> executor;
  std::uint64_t fork_count = 0;  ///< current_fork_count() of the process that it belongs to
};

}  // namespace plimsoll::native
