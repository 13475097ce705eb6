#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

// Whether an executor still exists. For threads that may outlive an executor of another client: a
// thread that releases memory, or that asks all clients of a cache for a proof, does not run the
// executors of these clients. There is one ExecutorLife for each execution context; the destruction
// of the context waits for while_alive() calls under way.
//
// And a client hears of the end of its context (Tenant). The context destroys the handlers that it
// has itself. It does not know those of callers, which wait in the client for replies: a coroutine
// that awaits a reply, and has the client among its variables, would keep itself alive for ever.

namespace plimsoll::inline v0::native {

class ExecutorLife {
 public:
  /// Who keeps handlers that are to run on the context.
  class Tenant {
   protected:
    ~Tenant() = default;

   private:
    friend class ExecutorLife;

    /// A reference that keeps this alive; null if its end has begun.
    virtual std::shared_ptr<void> hold_tenant() noexcept = 0;
    /// The context is being destroyed, in this thread: nothing runs on it any more. To destroy all
    /// handlers that this keeps.
    virtual void handle_context_end() = 0;

    bool is_listed_ = false;
    Tenant* next_ = nullptr;
    Tenant* before_ = nullptr;
  };

  explicit ExecutorLife(const boost::asio::execution_context& context) : context_(context) {}

  /// The context, which may be gone: for its address.
  const boost::asio::execution_context& context() const { return context_; }

  /// Returns the life of the context that `executor` runs on, which must exist.
  static std::shared_ptr<ExecutorLife> of(const boost::asio::any_io_executor& executor);

  /// Tells `tenant` of the end of the context, until remove(). Call that at the beginning of its
  /// destructor.
  void add(Tenant& tenant);
  void remove(Tenant& tenant);

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

  /// If the destruction of the context has begun, and has not told all tenants yet: keeps `tenant`,
  /// so that it will be told.
  void keep_until_end(std::shared_ptr<void> tenant) {
    const std::lock_guard lock(mutex_);
    if (!is_alive_ && first_ != nullptr) kept_.push_back(std::move(tenant));
  }

 private:
  class Service;

  void end();
  void unlist(Tenant& tenant);

  const boost::asio::execution_context& context_;
  std::mutex mutex_;
  bool is_alive_ = true;
  Tenant* first_ = nullptr;
  std::vector<std::shared_ptr<void>> kept_;  // until all tenants have been told
};

}  // namespace plimsoll::inline v0::native
