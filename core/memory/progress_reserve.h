#pragma once

#include <array>
#include <atomic>
#include <cstddef>

#include "plimsoll/core/base/mutex.h"
#include "plimsoll/core/memory/ledger.h"
#include "plimsoll/core/memory/segment_header.h"
#include "plimsoll/core/memory/shares.h"

// Two segments set aside at start. When the replies pool is dry, one reader at a time goes on with
// them until its reply is complete or skipped. Without them several half-read replies could fill
// the pool, none of them could be completed, and none would ever release its memory. Thread-safe.
//
// Invariants:
// - Both segments are charged to the spare pool from the start. Their memory is taken from the
//   source when it is first needed, and kept from then on.
// - One reader at a time has segments of the reserve, from its first take() until it has given back
//   the last.
// - A reader that has just had the reserve lets another one that asked in vain go first, once.

namespace plimsoll {

class ProgressReserve {
 public:
  /// `budget` is what the segments say they belong to.
  ProgressReserve(Ledger& ledger, Budget& budget) : ledger_(ledger), budget_(budget) {}
  ~ProgressReserve();
  ProgressReserve(const ProgressReserve&) = delete;
  ProgressReserve& operator=(const ProgressReserve&) = delete;

  /// Returns a segment for `reader`, which then has the reserve until it gives back its last
  /// segment. Null while another reader has the reserve, when both segments are out, or where the
  /// source has no memory.
  Segment* take(const void* reader);

  /// Notifies those who wait for memory.
  void give_back(Segment& segment);

  /// True if another reader has asked for the reserve in vain: the reader that has it takes no more
  /// than it needs.
  bool is_wanted() const { return wanted_.load(std::memory_order_relaxed); }

 private:
  Ledger& ledger_;
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
