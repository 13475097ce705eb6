#include "plimsoll/core/memory/segment.h"

#include <new>

#include "plimsoll/core/memory/budget.h"

namespace plimsoll::inline v0 {
namespace {

PagePool& pages_of(SegmentSize size, Budget& budget) {
  return size == SegmentSize::whole ? budget.segments() : budget.chunks();
}

}  // namespace

Segment* acquire_segment(Account& payer, SegmentSize size) {
  PagePool& pages = pages_of(size, payer.budget());
  void* const page = pages.acquire(payer);
  if (page == nullptr) return nullptr;
  auto* const segment = new (page) Segment;
  segment->payer = &payer;
  segment->budget = &payer.budget();
  segment->capacity = static_cast<std::uint32_t>(pages.page_bytes() - segment_header_bytes);
  return segment;
}

void hold(Segment& segment) { segment.holders.fetch_add(1, std::memory_order_relaxed); }

void release(Segment& segment) {
  if (segment.holders.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  Budget& budget = *segment.budget;
  if (segment.payer == nullptr) {
    budget.progress_reserve().give_back(segment);
  } else {
    pages_of(segment.size(), budget).release(&segment, *segment.payer);
  }
}

std::size_t charge_for(SegmentSize size, Budget& budget) {
  return pages_of(size, budget).page_charge();
}

}  // namespace plimsoll::inline v0
