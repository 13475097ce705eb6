#pragma once

#include <array>
#include <atomic>
#include <cstddef>

#include "plimsoll/core/base/mutex.h"
#include "plimsoll/core/memory/shares.h"

// Two segments set aside at start. When the replies pool is dry, one reader at a time goes on with
// them until its reply ends or is skipped, so that replies which nobody can finish never hold up
// each other for good. Who has just had it lets others have it first. Thread-safe.

namespace plimsoll {

class Budget;
struct Segment;

class ProgressReserve {
 public:
  explicit ProgressReserve(Budget& budget) : budget_(budget) {}
  ~ProgressReserve();
  ProgressReserve(const ProgressReserve&) = delete;
  ProgressReserve& operator=(const ProgressReserve&) = delete;

  /// A segment for `reader`, who has the reserve until the last one is given back. Null while
  /// another reader has it, when both are out, or where the source has no memory.
  Segment* take(const void* reader);

  void give_back(Segment& segment);

  /// Another reader has asked for it in vain: whoever has it takes no more than it needs.
  bool is_wanted() const { return wanted_.load(std::memory_order_relaxed); }

 private:
  Budget& budget_;
  Mutex mutex_;
  std::array<void*, progress_reserve_segments> idle_{};
  std::size_t idle_count_ = 0;
  std::size_t lent_count_ = 0;
  const void* reader_ = nullptr;
  const void* last_reader_ = nullptr;
  std::atomic<bool> wanted_ = false;
};

}  // namespace plimsoll
