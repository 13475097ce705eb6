#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/native/bridge/shared/tracking_hubs.h"
#include "plimsoll/native/bridge/shared/unread_share.h"

// What the SharedClients of all threads of a bridge have in common: bounds that hold for all of
// them together, and who knows whom. Thread-safe.

namespace plimsoll::bridge {

class AcrossThreads {
 public:
  /// `memory_limit` is the line.
  AcrossThreads(std::size_t memory_limit, std::size_t threads)
      : memory_of_thread_(memory_limit / threads), unread_(memory_limit, threads) {}
  AcrossThreads(const AcrossThreads&) = delete;
  AcrossThreads& operator=(const AcrossThreads&) = delete;

  /// A thread's part of the line, for what has a bound in each thread.
  std::size_t memory_of_thread() const { return memory_of_thread_; }

  UnreadShare& unread() { return unread_; }

  /// The hubs at this cache, which live as long as one of them, and this object.
  std::shared_ptr<TrackingHubs> hubs_at(const std::shared_ptr<native::ClientSideCache>& cache);

  /// A number for a connection, as CLIENT ID gives it.
  std::uint64_t next_id() { return 1 + last_id_.fetch_add(1, std::memory_order_relaxed); }

 private:
  const std::size_t memory_of_thread_;
  UnreadShare unread_;
  std::atomic<std::uint64_t> last_id_{0};
  std::mutex mutex_;
  std::map<const native::ClientSideCache*, std::shared_ptr<TrackingHubs>> hubs_;
};

}  // namespace plimsoll::bridge
