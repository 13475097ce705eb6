#include "plimsoll/core/memory/segment.h"

#include <new>

#include "plimsoll/core/memory/budget.h"

namespace plimsoll::inline v0 {

Segment* acquire_segment(Account& payer) {
  void* const page = payer.budget().segments().acquire(payer);
  if (page == nullptr) return nullptr;
  auto* const segment = new (page) Segment;
  segment->payer = &payer;
  segment->budget = &payer.budget();
  return segment;
}

void hold(Segment& segment) { segment.holders.fetch_add(1, std::memory_order_relaxed); }

void release(Segment& segment) {
  if (segment.holders.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  Budget& budget = *segment.budget;
  if (segment.payer == nullptr) {
    budget.progress_reserve().give_back(segment);
  } else {
    budget.segments().release(&segment, *segment.payer);
  }
}

}  // namespace plimsoll::inline v0
