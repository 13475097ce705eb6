#include "plimsoll/sync_client.h"

#include <system_error>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/native/runtime/runtime.h"

namespace plimsoll::inline v0::native {

Result<SyncClient> SyncClient::connect(std::string_view url, Options options) try {
  Result<Target> target = parse_url(url, std::move(options));
  if (!target) return target.error();
  CallerLoop& loop = Runtime::get().caller_loop();
  const std::shared_ptr<ClientSideCache> cache = target->options.client_side_cache;
  Result<std::shared_ptr<Driver>> made =
      Driver::create_for_callers(loop, *std::move(target), cache ? &cache->shared() : nullptr);
  if (!made) return made.error();
  Driver& driver = **made;
  BlockingOperation<Client> operation(loop);
  Result<Client> client = detail::begin_and_wait(driver, loop, operation, Patience::waits_long,
                                                 [&] { driver.connect(operation); });
  if (!client) return client.error();
  const Timeout timeout = driver.request_timeout();
  return SyncClient(*std::move(client), *std::move(made), timeout, any_staleness);
} catch (const std::system_error& problem) {
  return Error(ErrorCode::out_of_memory, Executed::no,
               std::string("the background thread cannot be started: ") + problem.what());
}

SyncClient SyncClient::with_timeout(std::chrono::nanoseconds timeout) const {
  return SyncClient(client_.with_timeout(timeout), driver_, timeout, max_staleness_);
}

SyncClient SyncClient::with_max_staleness(Staleness max_staleness) const {
  return SyncClient(client_.with_max_staleness(max_staleness), driver_, timeout_, max_staleness);
}

Result<SyncExclusive> SyncClient::exclusive() const {
  Result<Exclusive> own = block<Exclusive>(
      driver(), Patience::none, [this](auto handler) { client_.exclusive(std::move(handler)); });
  if (!own) return own.error();
  return SyncExclusive(*std::move(own));
}

template <class Begin>
Result<SyncSubscription> SyncClient::open_subscription(const Begin& begin) const {
  Result<Subscription> own = block<Subscription>(driver(), Patience::none, begin);
  if (!own) return own.error();
  return SyncSubscription(driver_, *std::move(own));
}

Result<SyncSubscription> SyncClient::subscribe(const Words& channels) const {
  return open_subscription([&](auto handler) { client_.subscribe(channels, std::move(handler)); });
}
Result<SyncSubscription> SyncClient::psubscribe(const Words& patterns) const {
  return open_subscription([&](auto handler) { client_.psubscribe(patterns, std::move(handler)); });
}
Result<SyncSubscription> SyncClient::ssubscribe(const Words& channels) const {
  return open_subscription([&](auto handler) { client_.ssubscribe(channels, std::move(handler)); });
}

Result<void> SyncClient::close() {
  return block<void>(driver(), Patience::waits_long,
                     [this](auto handler) { client_.close(std::move(handler)); });
}

}  // namespace plimsoll::inline v0::native
