#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/mutex.h"

// Pages of one size (segments of 64 KiB, chunks of 4 KiB), taken from the MemorySource and kept for
// reuse up to a bound. A page in use is charged to whoever took it, a kept one to the spare pool;
// kept ones go back to the source before any charge is refused, and when nobody needed them for a
// while. Thread-safe. A page that is not in use is poisoned under AddressSanitizer, so that a stale
// view is caught.

namespace plimsoll {

class Account;
class Budget;
struct PageStatistics;

class PagePool {
 public:
  enum class Size : unsigned char { segment, chunk };

  PagePool(Budget& budget, Size size, std::size_t kept_max);
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  /// A page charged to `payer`, or null where its pool, the line or the source says no. Its bytes
  /// are undefined.
  void* acquire(Account& payer);

  /// Takes back a page that acquire() charged to `payer`.
  void release(void* page, Account& payer);

  /// Gives every kept page back to the source. Returns the bytes that this released.
  std::size_t reclaim() { return give_back(UINT64_MAX); }

  /// A tick has passed: gives back what was not needed for `ticks_max` of them.
  void age(unsigned ticks_max);

  /// Keeps so many pages at most from now on.
  void set_kept_max(std::size_t kept_max);

  /// Pages that nobody uses.
  std::size_t kept_count() const;

  PageStatistics statistics() const;

  std::size_t page_bytes() const { return page_bytes_; }

  /// What one page costs an account.
  std::size_t page_charge() const { return page_charge_; }

 private:
  // In order of their release, and taken from the end: those at the front are not needed.
  struct FreePage {
    FreePage* newer;
    FreePage* older;
    std::uint64_t tick;  // in which it was released
  };

  void* allocate();
  void deallocate(void* page);
  FreePage* pop();
  FreePage* pop_oldest(std::uint64_t released_until);
  FreePage* remove(FreePage& page);
  bool push(void* page);
  std::size_t give_back(std::uint64_t released_until);

  Budget& budget_;
  const Size size_;
  const std::size_t page_bytes_;
  const std::size_t page_charge_;
  mutable Mutex mutex_;
  std::size_t kept_max_;
  FreePage* newest_ = nullptr;
  FreePage* oldest_ = nullptr;
  std::size_t kept_ = 0;
  std::size_t live_ = 0;
  std::uint64_t returned_ = 0;
  std::uint64_t tick_ = 0;
};

}  // namespace plimsoll
