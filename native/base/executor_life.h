#pragma once

#include <memory>
#include <mutex>

#include <boost/asio/any_io_executor.hpp>

// Whether an executor still exists. For threads that may outlive an executor of another client: a
// thread that releases memory, or that asks all clients of a cache for a proof, does not run the
// executors of these clients. There is one ExecutorLife for each execution context; the destruction
// of the context waits for while_alive() calls under way.

namespace plimsoll::inline v0::native {

class ExecutorLife {
 public:
  /// Returns the life of the context that `executor` runs on, which must exist.
  static std::shared_ptr<ExecutorLife> of(const boost::asio::any_io_executor& executor);

  /// Calls `use()` and returns true, unless the destruction of the context has begun. During
  /// `use()` the context accepts handlers, and it will run or destroy each of them. `use` must
  /// neither block nor run a handler: a lock is held.
  template <class Use>
  bool while_alive(Use&& use) {
    const std::lock_guard lock(mutex_);
    if (!is_alive_) return false;
    use();
    return true;
  }

 private:
  class Service;

  void end() {
    const std::lock_guard lock(mutex_);
    is_alive_ = false;
  }

  std::mutex mutex_;
  bool is_alive_ = true;
};

}  // namespace plimsoll::inline v0::native
