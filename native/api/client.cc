#include "plimsoll/client.h"

#include <boost/asio/post.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/core/base/check.h"
#include "plimsoll/native/runtime/runtime.h"

namespace plimsoll::inline v0::native {
namespace detail {

boost::asio::any_io_executor executor_or_shared(boost::asio::any_io_executor executor) {
  return executor ? executor : Runtime::get().executor();
}

void connect(boost::asio::any_io_executor executor, std::string_view url, Options options,
             Operation& operation, AddressRule rule) {
  const auto fail = [&](const Error& error) {
    operation.deliver(Delivery{.failure = &error});
    boost::asio::post(executor_or_shared(executor), [owned = OwnedOperation(&operation)]() mutable {
      owned.release()->complete();
    });
  };
  Result<Target> target = parse_url(url, std::move(options));
  if (!target) return fail(target.error());
  const std::shared_ptr<ClientSideCache> cache = target->options.client_side_cache;
  Result<std::shared_ptr<Driver>> driver =
      Driver::create(executor, *std::move(target), cache ? &cache->shared() : nullptr, rule);
  if (!driver) return fail(driver.error());
  (*driver)->connect(operation);
}

}  // namespace detail

Result<void> receive(const Delivery& delivery, Client& client) {
  if (delivery.error != nullptr || delivery.failure != nullptr) return to_error(delivery);
  client = Client(static_cast<Driver*>(delivery.made)->shared());
  return {};
}

Client::~Client() {
  if (driver_ == nullptr) return;
  if (driver_->inherited()) {
    // Leaks the driver: to destroy it would touch the socket and the epoll set that the parent
    // still uses.
    new std::shared_ptr<Driver>(std::move(driver_));
    return;
  }
  if (closes_) driver_->abort();
}

Client Client::with_timeout(std::chrono::nanoseconds timeout) const {
  PLIMSOLL_CHECK(driver_ != nullptr);
  Client same(driver_);
  same.timeout_ = timeout;
  same.max_staleness_ = max_staleness_;
  same.closes_ = false;
  return same;
}

Client Client::with_max_staleness(Staleness max_staleness) const {
  Client same = with_timeout(timeout_);
  same.max_staleness_ = max_staleness;
  return same;
}

}  // namespace plimsoll::inline v0::native
