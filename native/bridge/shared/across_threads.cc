#include "plimsoll/native/bridge/shared/across_threads.h"

namespace plimsoll::bridge {

std::shared_ptr<TrackingHubs> AcrossThreads::hubs_at(
    const std::shared_ptr<native::ClientSideCache>& cache) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<TrackingHubs>& hubs = hubs_[cache.get()];
  if (!hubs) hubs = std::make_shared<TrackingHubs>(cache);
  return hubs;
}

}  // namespace plimsoll::bridge
