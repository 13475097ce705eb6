#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/shares.h"

// The stored state of an account. The Ledger decides over it; Account (account.h) is the interface
// for owners. The only code here is what needs no lock: the part of a charge, and the pages that an
// account keeps.

namespace plimsoll::inline v0 {

/// The most that an account sets aside for future charges.
inline constexpr std::size_t allowance_bytes_max = 64 * 1024;

/// Bytes that an account has been charged ahead of need, so that the next charges take no lock.
///
/// Invariants:
/// - An allowance is closed or open. Only the Ledger opens and closes it, with its lock held; while
///   it is open any thread takes bytes from it and puts bytes back.
/// - The unused bytes are part of AccountState::used: the line counts them as used.
/// - Bytes that a thread is putting back do not count as unused until put_back() has stored them.
///   So the account cannot end while that thread still uses it.
class Allowance {
 public:
  bool is_open() const { return unused_.load(std::memory_order_relaxed) != closed; }

  /// Returns the unused bytes, or 0 if the allowance is closed.
  std::size_t unused() const {
    const std::size_t bytes = unused_.load(std::memory_order_relaxed);
    return bytes == closed ? 0 : bytes;
  }

  /// Any thread: takes `bytes` of the unused bytes, if there are that many.
  bool take(std::size_t bytes) {
    std::size_t unused = unused_.load(std::memory_order_relaxed);
    while (unused != closed && unused >= bytes) {
      if (unused_.compare_exchange_weak(unused, unused - bytes, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  /// Any thread: puts `bytes` back, unless the allowance would then exceed its maximum. The memory
  /// order is `release`: the thread that closes the allowance and ends the account must see
  /// everything that was done with the account before.
  bool put_back(std::size_t bytes) {
    std::size_t unused = unused_.load(std::memory_order_relaxed);
    while (unused != closed && unused + bytes <= allowance_bytes_max) {
      if (unused_.compare_exchange_weak(unused, unused + bytes, std::memory_order_release,
                                        std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  // Only the Ledger calls the functions below, with its lock held.

  void open(std::size_t bytes) { unused_.store(bytes); }
  std::size_t close() { return unused_.exchange(closed); }

  // The allowance must be open.
  std::size_t take_all() { return unused_.exchange(0); }
  void add(std::size_t bytes) { unused_.fetch_add(bytes); }

 private:
  static constexpr std::size_t closed = SIZE_MAX;
  std::atomic<std::size_t> unused_ = closed;
};

/// Chunks that a busy account has released and keeps for itself, so that it needs neither the
/// Ledger's lock nor the PagePool's for the next ones. A client with one request at a time releases
/// its pages after each reply, and takes them again for the next request.
///
/// Invariants:
/// - Like an Allowance these are closed or open, and only the Ledger opens and closes them, with
///   its lock held. While they are open, any thread takes a page or puts one in.
/// - The pages stay charged to the account, and so are a part of AccountState::used.
class KeptPages {
 public:
  /// One for requests that are encoded, and one for what is to be known of them.
  static constexpr std::size_t pages_max = 2;

  bool is_open() const { return pages_[0].load(std::memory_order_relaxed) != closed(); }

  /// How many pages there are.
  std::size_t count() const {
    std::size_t count = 0;
    for (const auto& page : pages_) {
      const void* const kept = page.load(std::memory_order_relaxed);
      if (kept != nullptr && kept != closed()) ++count;
    }
    return count;
  }

  /// Any thread: returns a page, or null. The memory order is `acquire`: the page must be seen as
  /// the thread left it that put it in.
  void* take() {
    for (auto& page : pages_) {
      void* kept = page.load(std::memory_order_relaxed);
      if (kept == closed()) return nullptr;
      if (kept != nullptr && page.compare_exchange_strong(kept, nullptr, std::memory_order_acquire,
                                                          std::memory_order_relaxed)) {
        return kept;
      }
    }
    return nullptr;
  }

  /// Any thread: puts a page in, if these are open and there is room. The caller must not use the
  /// account after that, which may have ended; so the memory order is `release`.
  bool put(void* released) {
    for (auto& page : pages_) {
      void* none = nullptr;
      if (page.load(std::memory_order_relaxed) == nullptr &&
          page.compare_exchange_strong(none, released, std::memory_order_release,
                                       std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  // Only the Ledger calls the functions below, with its lock held.

  /// They must be closed.
  void open() {
    for (auto& page : pages_) page.store(nullptr, std::memory_order_relaxed);
  }

  /// They must be open. Calls take_back(void*) for each page that there is.
  template <class TakeBack>
  void close(TakeBack&& take_back) {
    for (auto& page : pages_) {
      void* const kept = page.exchange(closed(), std::memory_order_acq_rel);
      if (kept != nullptr) take_back(kept);
    }
  }

 private:
  // No page has the address of this object, which is a member of an account.
  const void* closed() const { return this; }
  void* closed() { return this; }

  std::array<std::atomic<void*>, pages_max> pages_{closed(), closed()};
};

struct AccountState {
  AccountState(PoolKind kind, std::uint64_t owner_number) : pool(kind), owner(owner_number) {}

  // Never changes.
  const PoolKind pool;

  // Under the Ledger's lock.
  bool closed : 1 = false;       ///< its owner is gone; the last release ends the account
  bool was_refused : 1 = false;  ///< since the last tick
  std::uint8_t grows = 0;        ///< slow charges since the last tick; counted up to a bound
  std::uint8_t takes = 0;        ///< the same of pages

  // Any thread. Here, because there is room.
  std::atomic<int> waiting = 0;  ///< requests or readers of its owner that wait for memory

  // Under the Ledger's lock.
  std::size_t used = 0;  ///< includes the allowance's unused bytes, and the kept pages
  std::size_t peak = 0;
  std::uint64_t refused = 0;
  AccountState* next = nullptr;  ///< in its pool's AccountList
  AccountState* previous = nullptr;

  // Never changes.
  const std::uint64_t owner;

  // Any thread.
  Allowance allowance;
  KeptPages kept_pages;
};

}  // namespace plimsoll::inline v0
