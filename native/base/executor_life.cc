#include "plimsoll/native/base/executor_life.h"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

namespace plimsoll::inline v0::native {

namespace asio = boost::asio;

// A context shuts its services down in the reverse order in which they were added. Its scheduler
// was added first, so it shuts down after this service, and destroys the handlers that are left.
// Handlers that were posted before end() are among these, so none leaks.
class ExecutorLife::Service final : public asio::execution_context::service {
 public:
  using key_type = Service;
  inline static asio::execution_context::id id;

  explicit Service(asio::execution_context& context)
      : service(context), life(std::make_shared<ExecutorLife>(context)) {}

  const std::shared_ptr<ExecutorLife> life;

 private:
  void shutdown() override { life->end(); }
};

void ExecutorLife::add(Tenant& tenant) {
  const std::lock_guard lock(mutex_);
  tenant.is_listed_ = true;
  tenant.next_ = first_;
  if (first_ != nullptr) first_->before_ = &tenant;
  first_ = &tenant;
}

void ExecutorLife::remove(Tenant& tenant) {
  const std::lock_guard lock(mutex_);
  if (tenant.is_listed_) unlist(tenant);
}

void ExecutorLife::unlist(Tenant& tenant) {
  tenant.is_listed_ = false;
  (tenant.before_ != nullptr ? tenant.before_->next_ : first_) = tenant.next_;
  if (tenant.next_ != nullptr) tenant.next_->before_ = tenant.before_;
  tenant.next_ = tenant.before_ = nullptr;
}

// Without the lock while a tenant is told: what it destroys may be the last of another one.
void ExecutorLife::end() {
  std::unique_lock lock(mutex_);
  is_alive_ = false;
  while (first_ != nullptr) {
    Tenant& tenant = *first_;
    unlist(tenant);
    std::shared_ptr<void> held = tenant.hold_tenant();
    lock.unlock();
    if (held) tenant.handle_context_end();
    held.reset();
    lock.lock();
  }
  const std::vector<std::shared_ptr<void>> kept = std::move(kept_);
  lock.unlock();
}

std::shared_ptr<ExecutorLife> ExecutorLife::of(const asio::any_io_executor& executor) {
  return asio::use_service<Service>(asio::query(executor, asio::execution::context)).life;
}

}  // namespace plimsoll::inline v0::native
