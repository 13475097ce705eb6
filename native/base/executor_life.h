#pragma once

#include <memory>
#include <mutex>

#include <boost/asio/any_io_executor.hpp>

// Whether an executor is still there, for threads that nobody keeps from outliving it: who releases
// memory, or asks all clients of a cache for something, has no part in the executors of these
// clients. One for each execution context; the context's end waits for whoever is using it.

namespace plimsoll::native {

class ExecutorLife {
 public:
  /// That of the context that `executor` runs on, which must be there.
  static std::shared_ptr<ExecutorLife> of(const boost::asio::any_io_executor& executor);

  /// Calls `use()` and returns true, unless the context has begun to be destroyed. While it runs
  /// the context takes handlers, and will destroy those that it does not run. `use` must neither
  /// block nor run a handler.
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

}  // namespace plimsoll::native
