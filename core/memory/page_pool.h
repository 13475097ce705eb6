#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/mutex.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/ledger.h"
#include "plimsoll/core/memory/statistics.h"

// Pages of one size (segments of 64 KiB, chunks of 4 KiB), taken from the MemorySource and kept for
// reuse up to a bound. Thread-safe.
//
// Invariants:
// - A page in use is charged to the account that took it, a kept page to the spare pool.
// - Kept pages go back to the source before a charge is refused for lack of room below the line
//   (reclaim()), and when they have not been needed for a while (age()).
// - A page that is not in use is poisoned, so that AddressSanitizer reports a view that is used too
//   long.
// - This pool does not call the Ledger while it holds its own lock, since the Ledger calls adopt()
//   while it holds its.
// - A busy account keeps a few chunks itself (KeptPages). To this pool these are in use.

namespace plimsoll::inline v0 {

class PagePool {
 public:
  enum class Size : unsigned char { segment, chunk };

  PagePool(Ledger& ledger, Size size, std::size_t kept_max);
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  /// Returns a page charged to `payer`, or null if the payer's pool, the line or the source
  /// refuses. The page is not initialised.
  void* acquire(Account& payer);

  /// Takes back a page that acquire() charged to `payer`.
  void release(void* page, Account& payer);

  /// Takes a free page that an account kept, and that is charged to the spare pool now. False:
  /// there are enough, and it has gone back to the source.
  bool adopt(void* page);

  /// Gives every kept page back to the source. Returns the number of bytes released.
  std::size_t reclaim() { return give_back(UINT64_MAX); }

  /// Counts a tick, and gives back the pages that were not needed during the last `ticks_max`
  /// ticks.
  void age(unsigned ticks_max);

  /// Sets the most pages that are kept from now on.
  void set_kept_max(std::size_t kept_max);

  /// How many pages are kept.
  std::size_t kept_count() const;

  PageStatistics statistics() const;

  std::size_t page_bytes() const { return page_bytes_; }

  /// What one page costs an account.
  std::size_t page_charge() const { return page_charge_; }

 private:
  // The free pages form a list in the order of release, stored in the pages themselves. acquire()
  // takes the newest, so the pages at the old end are the ones that are not needed.
  struct FreePage {
    FreePage* newer;
    FreePage* older;
    std::uint64_t tick;  // the tick in which the page was released
  };

  void* take_kept_by(Account& payer);
  bool let_keep(void* page, Account& payer);
  // Out of line, because they need registers for which the usual path should not pay.
  [[gnu::noinline]] void* acquire_other(Account& payer);
  [[gnu::noinline]] void release_here(void* page, Account& payer);
  void* allocate();
  void deallocate(void* page);
  FreePage* pop();
  FreePage* pop_oldest(std::uint64_t released_until);
  FreePage* remove(FreePage& page);
  bool push(void* page);
  std::size_t give_back(std::uint64_t released_until);

  Ledger& ledger_;
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

}  // namespace plimsoll::inline v0
