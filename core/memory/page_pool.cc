#include "plimsoll/core/memory/page_pool.h"

#include <utility>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/poison.h"

namespace plimsoll {

PagePool::PagePool(Budget& budget, Size size, std::size_t kept_max)
    : budget_(budget),
      size_(size),
      page_bytes_(size == Size::segment ? segment_bytes : chunk_bytes),
      page_charge_(size == Size::segment ? segment_bytes
                                         : budget.source().block_footprint(chunk_bytes)),
      kept_max_(kept_max) {}

PagePool::~PagePool() { reclaim(); }

void* PagePool::acquire(Account& payer) {
  if (FreePage* page = pop()) {
    if (budget_.move_from_spare(payer, page_charge_)) return page;
    if (!push(page)) {
      deallocate(page);
      budget_.release_spare(page_charge_);
    }
    return nullptr;
  }
  if (!payer.charge(page_charge_)) return nullptr;
  void* page = allocate();
  if (page == nullptr) payer.revoke(page_charge_);
  return page;
}

void PagePool::release(void* page, Account& payer) {
  // Paid for by the spare pool before another thread can find it there.
  budget_.move_to_spare(payer, page_charge_);
  if (push(page)) return;
  deallocate(page);
  budget_.release_spare(page_charge_);
}

std::size_t PagePool::reclaim() {
  std::size_t released = 0;
  while (FreePage* page = pop()) {
    deallocate(page);
    budget_.release_spare(page_charge_);
    released += page_charge_;
  }
  return released;
}

void* PagePool::allocate() {
  return size_ == Size::segment ? budget_.source().allocate_segment()
                                : budget_.source().allocate_block(page_bytes_);
}

void PagePool::deallocate(void* page) {
  if (size_ == Size::segment) {
    budget_.source().release_segment(page);
  } else {
    budget_.source().release_block(page, page_bytes_);
  }
}

PagePool::FreePage* PagePool::pop() {
  Lock lock(mutex_);
  if (free_ == nullptr) return nullptr;
  FreePage* page = free_;
  free_ = page->next;
  --kept_;
  unpoison(page, page_bytes_);
  return page;
}

bool PagePool::push(void* page) {
  Lock lock(mutex_);
  if (kept_ == kept_max_) return false;
  auto* const free_page = static_cast<FreePage*>(page);
  free_page->next = free_;
  free_ = free_page;
  ++kept_;
  // The link stays readable.
  poison(static_cast<char*>(page) + sizeof(FreePage), page_bytes_ - sizeof(FreePage));
  return true;
}

}  // namespace plimsoll
