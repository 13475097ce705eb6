#include "plimsoll/native/bridge/shared/tracking_hubs.h"

#include <utility>

#include <boost/asio/post.hpp>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/cache/cache.h"
#include "plimsoll/native/base/steady_now.h"

namespace plimsoll::bridge {

TrackingHubs::TrackingHubs(std::shared_ptr<native::ClientSideCache> cache)
    : cache_(std::move(cache)) {
  cache_->shared().core().set_watcher(this);
}

TrackingHubs::~TrackingHubs() { cache_->shared().core().set_watcher(nullptr); }

std::uint8_t TrackingHubs::reserve() {
  const std::lock_guard lock(mutex_);
  PLIMSOLL_CHECK(hubs_.size() < hubs_max);
  hubs_.emplace_back();
  return static_cast<std::uint8_t>(hubs_.size() - 1);
}

void TrackingHubs::add(std::uint8_t number, Member member) {
  const std::lock_guard lock(mutex_);
  hubs_[number] = std::move(member);
}

void TrackingHubs::remove(std::uint8_t number) {
  const std::lock_guard lock(mutex_);
  hubs_[number] = {};
}

bool TrackingHubs::post(std::uint8_t number, std::function<void(TrackingHub*)> act) {
  Member hub;
  {
    const std::lock_guard lock(mutex_);
    if (number >= hubs_.size() || hubs_[number].watcher == nullptr) return false;
    hub = hubs_[number];
  }
  boost::asio::post(hub.executor,
                    [self = std::move(hub.self), act = std::move(act)]() mutable { act(*self); });
  return true;
}

void TrackingHubs::check() {
  const Instant now = native::steady_now();
  if (cache_->shared().core().withholds_watched(now)) handle_out_of_reach();
}

// The lock is held until all have been told. If the hubs of two threads hand over a client's keys,
// so that first the one hears of a key and then the other, none of them misses a change
// (wait_until_delivered()).
template <class Tell>
void TrackingHubs::deliver_to_all(Tell&& tell) {
  const std::lock_guard lock(mutex_);
  for (const Member& hub : hubs_) {
    if (hub.watcher != nullptr) tell(*hub.watcher);
  }
}

void TrackingHubs::handle_erased(std::string_view key) {
  deliver_to_all([key](cache::CacheWatcher& hub) { hub.handle_erased(key); });
}

void TrackingHubs::handle_slot_dropped(std::uint16_t slot) {
  deliver_to_all([slot](cache::CacheWatcher& hub) { hub.handle_slot_dropped(slot); });
}

void TrackingHubs::handle_out_of_reach() {
  deliver_to_all([](cache::CacheWatcher& hub) { hub.handle_out_of_reach(); });
}

}  // namespace plimsoll::bridge
