#pragma once

#include <array>
#include <atomic>
#include <cstddef>

#include "plimsoll/core/base/mutex.h"
#include "plimsoll/core/memory/ledger.h"
#include "plimsoll/core/memory/segment_header.h"
#include "plimsoll/core/memory/shares.h"

// Two segments that are set aside at start. When the replies pool is empty, one reader at a time
// goes on with them until its reply is complete or skipped. Without them several half-read replies
// could fill the pool, none of them could be completed, and none would ever release its memory.
// Thread-safe.
//
// Invariants:
// - Both segments are charged to the spare pool from the start. Their memory is taken from the
//   source when it is first needed, and kept from then on.
// - One reader at a time has the reserve, from its first take() until it has given back its last
//   segment.
// - A reader that has just had the reserve lets another reader whose take() failed go first, once.

namespace plimsoll::inline v0 {

class ProgressReserve {
 public:
  /// The segments name `budget` as the budget that they belong to.
  ProgressReserve(Ledger& ledger, Budget& budget) : ledger_(ledger), budget_(budget) {}
  ~ProgressReserve();
  ProgressReserve(const ProgressReserve&) = delete;
  ProgressReserve& operator=(const ProgressReserve&) = delete;

  /// Returns a segment for `reader`, which then has the reserve until it gives back its last
  /// segment. Returns null while another reader has the reserve, while both segments are lent, or
  /// if the source has no memory.
  Segment* take(const void* reader);

  /// Takes a segment back, and notifies the budget's waiters.
  void give_back(Segment& segment);

  /// True if the take() of another reader has failed. The reader that has the reserve then takes no
  /// more than it needs.
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

}  // namespace plimsoll::inline v0
