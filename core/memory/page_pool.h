#pragma once

#include <cstddef>

#include "plimsoll/core/base/mutex.h"

// Pages of one size (segments of 64 KiB, chunks of 4 KiB), taken from the MemorySource and kept for
// reuse up to a bound. A page in use is charged to whoever took it, a kept one to the spare pool;
// kept ones go back to the source before any charge is refused. Thread-safe. A page that is not in
// use is poisoned under AddressSanitizer, so that a stale view is caught.

namespace plimsoll {

class Account;
class Budget;

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
  std::size_t reclaim();

  /// Pages that nobody uses.
  std::size_t kept_count() const { return kept_; }

  std::size_t page_bytes() const { return page_bytes_; }

  /// What one page costs an account.
  std::size_t page_charge() const { return page_charge_; }

 private:
  struct FreePage {
    FreePage* next;
  };

  void* allocate();
  void deallocate(void* page);
  FreePage* pop();
  bool push(void* page);

  Budget& budget_;
  const Size size_;
  const std::size_t page_bytes_;
  const std::size_t page_charge_;
  const std::size_t kept_max_;
  Mutex mutex_;
  FreePage* free_ = nullptr;
  std::size_t kept_ = 0;
};

}  // namespace plimsoll
