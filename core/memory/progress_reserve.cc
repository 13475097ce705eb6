#include "plimsoll/core/memory/progress_reserve.h"

#include <new>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/memory/poison.h"

namespace plimsoll::inline v0 {

ProgressReserve::~ProgressReserve() {
  PLIMSOLL_CHECK(lent_count_ == 0);
  while (idle_count_ > 0) {
    void* const page = idle_[--idle_count_];
    unpoison(page, segment_bytes);
    ledger_.source().release_segment(page);
  }
}

Segment* ProgressReserve::take(const void* reader) {
  Lock lock(mutex_);
  if (reader_ != nullptr && reader_ != reader) {
    wanted_ = true;
    return nullptr;
  }
  // A reader lets others go first only once: they were notified, but may not want the reserve any
  // more.
  if (reader_ == nullptr && reader == last_reader_ && wanted_.exchange(false)) return nullptr;
  if (lent_count_ == progress_reserve_segments) return nullptr;
  void* const page = idle_count_ > 0 ? idle_[--idle_count_] : ledger_.source().allocate_segment();
  if (page == nullptr) return nullptr;
  unpoison(page, segment_bytes);
  ++lent_count_;
  if (reader_ == nullptr) wanted_ = false;
  reader_ = last_reader_ = reader;
  auto* const segment = new (page) Segment;
  segment->budget = &budget_;
  return segment;
}

void ProgressReserve::give_back(Segment& segment) {
  {
    Lock lock(mutex_);
    PLIMSOLL_CHECK(lent_count_ > 0);
    --lent_count_;
    if (lent_count_ == 0) reader_ = nullptr;
    poison(&segment, segment_bytes);
    idle_[idle_count_++] = &segment;
  }
  ledger_.notify_available();
}

}  // namespace plimsoll::inline v0
