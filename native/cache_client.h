#pragma once

#include <cstdint>
#include <memory>

#include "plimsoll/native/executor_life.h"

namespace plimsoll::native {

class Driver;

/// A client of a cache, to those who have no part in it. They must not keep it: whoever has the
/// last reference destroys it, and its sockets are its executor's, which may be gone by then.
struct CacheClient {
  std::weak_ptr<Driver> driver;
  std::shared_ptr<ExecutorLife> executor;
  std::uint64_t generation = 0;  ///< fork_generation() of the process that it belongs to
};

}  // namespace plimsoll::native
