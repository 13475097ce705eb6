#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/core/cache/cache_watcher.h"

// The tracking hubs of all threads at one cache. A cache has one watcher, which this is: it passes
// on what the cache tells to each hub, in the thread that tells it. And hubs find each other here.
// Thread-safe.

namespace plimsoll::bridge {

class TrackingHub;

class TrackingHubs final : private cache::CacheWatcher {
 public:
  /// A hub's number has to fit into the names that it gives (HolderNames).
  static constexpr std::size_t hubs_max = 256;

  explicit TrackingHubs(std::shared_ptr<native::ClientSideCache> cache);
  ~TrackingHubs();
  TrackingHubs(const TrackingHubs&) = delete;
  TrackingHubs& operator=(const TrackingHubs&) = delete;

  /// A hub, as the others see it.
  struct Member {
    cache::CacheWatcher* watcher = nullptr;  ///< null: the hub is gone
    boost::asio::any_io_executor executor;
    std::shared_ptr<TrackingHub*> self;  ///< for the hub's thread; points to null once it is gone
  };
  /// Returns a number for a hub. At most hubs_max.
  std::uint8_t reserve();
  /// The hub is there: its watcher may be called within this call already, in other threads.
  void add(std::uint8_t number, Member member);
  /// The watcher is not called any more once this returns.
  void remove(std::uint8_t number);

  /// Calls `act` in the thread of this hub, with null if it is gone by then. False: there is none
  /// of that number.
  bool post(std::uint8_t number, std::function<void(TrackingHub*)> act);

  /// What the cache has begun to tell before this call is told to all hubs when it returns.
  void wait_until_delivered() { const std::lock_guard lock(mutex_); }

  /// As Cache::withholds_watched(), and tells all hubs of it.
  void check();

  const std::shared_ptr<native::ClientSideCache>& cache() const { return cache_; }

 private:
  void handle_erased(std::string_view key) override;
  void handle_slot_dropped(std::uint16_t slot) override;
  void handle_out_of_reach() override;

  template <class Tell>
  void deliver_to_all(Tell&& tell);

  const std::shared_ptr<native::ClientSideCache> cache_;
  std::mutex mutex_;
  std::vector<Member> hubs_;  // by their numbers
};

}  // namespace plimsoll::bridge
