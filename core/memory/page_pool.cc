#include "plimsoll/core/memory/page_pool.h"

#include "plimsoll/core/memory/poison.h"

namespace plimsoll::inline v0 {

PagePool::PagePool(Ledger& ledger, Size size, std::size_t kept_max)
    : ledger_(ledger),
      size_(size),
      page_bytes_(size == Size::segment ? segment_bytes : chunk_bytes),
      page_charge_(size == Size::segment ? segment_bytes
                                         : ledger.source().block_footprint(chunk_bytes)),
      kept_max_(kept_max) {}

PagePool::~PagePool() { reclaim(); }

void* PagePool::acquire(Account& payer) {
  void* const kept = take_kept_by(payer);
  return kept != nullptr ? kept : acquire_other(payer);
}

void* PagePool::acquire_other(Account& payer) {
  if (FreePage* page = pop()) {
    if (payer.take_from_spare(page_charge_)) return page;
    if (!push(page)) {
      deallocate(page);
      ledger_.release_spare(page_charge_);
    }
    return nullptr;
  }
  if (!payer.charge(page_charge_)) return nullptr;
  void* page = allocate();
  if (page == nullptr) payer.revoke(page_charge_);
  return page;
}

void PagePool::release(void* page, Account& payer) {
  if (!let_keep(page, payer)) release_here(page, payer);
}

void PagePool::release_here(void* page, Account& payer) {
  // The spare pool must pay first: as soon as push() returns, another thread may take the page.
  payer.give_to_spare(page_charge_);
  if (push(page)) return;
  deallocate(page);
  ledger_.release_spare(page_charge_);
}

void* PagePool::take_kept_by(Account& payer) {
  void* const page = size_ == Size::chunk ? payer.kept_pages.take() : nullptr;
  if (page != nullptr) unpoison(page, page_bytes_);
  return page;
}

// True: the payer keeps the page. It may have ended by then.
bool PagePool::let_keep(void* page, Account& payer) {
  if (size_ != Size::chunk || !payer.kept_pages.is_open()) return false;
  poison(page, page_bytes_);
  if (payer.kept_pages.put(page)) return true;
  unpoison(page, page_bytes_);
  return false;
}

bool PagePool::adopt(void* page) {
  unpoison(page, page_bytes_);
  if (push(page)) return true;
  deallocate(page);
  return false;
}

std::size_t PagePool::give_back(std::uint64_t released_until) {
  std::size_t released = 0;
  while (FreePage* page = pop_oldest(released_until)) {
    deallocate(page);
    ledger_.release_spare(page_charge_);
    released += page_charge_;
  }
  return released;
}

void PagePool::age(unsigned ticks_max) {
  std::uint64_t tick = 0;
  {
    Lock lock(mutex_);
    tick = ++tick_;
  }
  if (tick > ticks_max) give_back(tick - ticks_max);
}

void PagePool::set_kept_max(std::size_t kept_max) {
  {
    Lock lock(mutex_);
    kept_max_ = kept_max;
    if (kept_ <= kept_max) return;
  }
  reclaim();
}

std::size_t PagePool::kept_count() const {
  Lock lock(mutex_);
  return kept_;
}

PageStatistics PagePool::statistics() const {
  Lock lock(mutex_);
  return {.live = live_ * page_charge_, .pooled = kept_ * page_charge_, .returned = returned_};
}

void* PagePool::allocate() {
  void* const page = size_ == Size::segment ? ledger_.source().allocate_segment()
                                            : ledger_.source().allocate_block(page_bytes_);
  Lock lock(mutex_);
  if (page != nullptr) ++live_;
  return page;
}

void PagePool::deallocate(void* page) {
  if (size_ == Size::segment) {
    ledger_.source().release_segment(page);
  } else {
    ledger_.source().release_block(page, page_bytes_);
  }
}

PagePool::FreePage* PagePool::pop() {
  Lock lock(mutex_);
  if (newest_ == nullptr) return nullptr;
  ++live_;
  return remove(*newest_);
}

// Returns a page that was released in tick `released_until` or earlier, or null if there is none.
PagePool::FreePage* PagePool::pop_oldest(std::uint64_t released_until) {
  Lock lock(mutex_);
  if (oldest_ == nullptr || oldest_->tick > released_until) return nullptr;
  returned_ += page_charge_;
  return remove(*oldest_);
}

PagePool::FreePage* PagePool::remove(FreePage& page) {
  (page.newer == nullptr ? newest_ : page.newer->older) = page.older;
  (page.older == nullptr ? oldest_ : page.older->newer) = page.newer;
  --kept_;
  unpoison(&page, page_bytes_);
  return &page;
}

bool PagePool::push(void* page) {
  Lock lock(mutex_);
  --live_;
  if (kept_ >= kept_max_) {
    returned_ += page_charge_;
    return false;
  }
  auto* const free_page = static_cast<FreePage*>(page);
  *free_page = {.newer = nullptr, .older = newest_, .tick = tick_};
  (newest_ == nullptr ? oldest_ : newest_->newer) = free_page;
  newest_ = free_page;
  ++kept_;
  // The links at the start of the page stay readable.
  poison(static_cast<char*>(page) + sizeof(FreePage), page_bytes_ - sizeof(FreePage));
  return true;
}

}  // namespace plimsoll::inline v0
