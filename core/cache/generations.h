#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/entry.h"
#include "plimsoll/core/cache/freshness.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"

// Which connection vouches for which entries: the server tracks the keys that a connection has
// read, and reports their changes there. Each client of the cache has a slot, and each stretch of
// uninterrupted tracking on its connection is one generation of that slot. An entry's stamp names
// the slot and the generation that it was read in.
//
//   slot:  free --take_slot()--> generation n --end()--> generation n + 1 --give_back()--> free
//
// Invariants:
//
// - When a connection ends, so does its generation, and all entries stamped with it are out of
//   reach at once, wherever they lie: nothing has to be found or erased first. end_all() does the
//   same for all slots: it raises the epoch, which is a part of every stamp.
// - A slot's numbers only grow, also when the slot is given to another client.
// - Slot 0 (`untracked`) is for entries that no connection vouches for, but only a time limit
//   bounds.
// - What a slot has proved does not go back, until its generation ends.
//
// Lookups need no lock; take_slot() and give_back() need the Cache's.

namespace plimsoll::cache {

class Generations {
 public:
  static constexpr std::uint32_t untracked = 0;
  static constexpr std::uint32_t slots_per_chunk = 32;
  static constexpr std::uint32_t chunks_max = 64;
  /// Slot 0, and one for each client that a cache may have at a time.
  static constexpr std::uint32_t slots_max = slots_per_chunk * chunks_max;

  /// `cache`, the cache's account, pays for the chunks of slots.
  explicit Generations(Account& cache) : account_(cache) {}
  Generations(const Generations&) = delete;
  Generations& operator=(const Generations&) = delete;

  /// Returns a slot for a client; `untracked` if all are taken, or there is no memory for one more.
  /// Call with the Cache's lock held, as give_back().
  std::uint32_t take_slot();
  void give_back(std::uint32_t slot);

  /// The stamp for an entry whose fetch begins now on this slot's connection.
  Stamp stamp(std::uint32_t slot) const { return {.slot = slot, .id = id(slot)}; }

  bool is_valid(Stamp stamp) const { return stamp.id == id(stamp.slot); }

  /// Ends the slot's generation: its entries are out of reach.
  void end(std::uint32_t slot);

  /// The same for the entries that no connection vouches for.
  void end_untracked() {
    untracked_id_.fetch_add(1, std::memory_order_acq_rel);
    ends_count_.fetch_add(1, std::memory_order_relaxed);
  }

  /// The same for all slots. Entries whose fetch begins from now on are not affected. Returns the
  /// number of this end of all, which no other has, even if several threads call this at a time.
  std::uint32_t end_all() {
    const std::uint32_t end = epoch_.fetch_add(1, std::memory_order_acq_rel);
    ends_count_.fetch_add(1, std::memory_order_relaxed);  // so that the entries are swept
    return end;
  }

  /// The slot's stamp just before the end of all with this number, and just after it.
  Stamp stamp_before(std::uint32_t slot, std::uint32_t end) const {
    return {.slot = slot, .id = own_id(slot) + end};
  }
  Stamp stamp_after(std::uint32_t slot, std::uint32_t end) const {
    return {.slot = slot, .id = own_id(slot) + end + 1};
  }

  /// Changes whenever entries have come out of reach, by the end of a generation or otherwise
  /// (note_end()). A thread that sees the new count also sees what put them out of reach.
  std::uint32_t ends_count() const { return ends_count_.load(std::memory_order_acquire); }
  void note_end() { ends_count_.fetch_add(1, std::memory_order_release); }

  /// The slot's connection has delivered every invalidation up to `at`: a reply has come to a
  /// request that was sent at `at`, after `mark` was drawn. An earlier time or mark changes
  /// nothing.
  void prove(std::uint32_t slot, Instant at, Mark mark);
  Instant proved_at(std::uint32_t slot) const {
    return Instant(Duration(this->at(slot).proved_at.load(std::memory_order_acquire)));
  }
  Mark proved_mark(std::uint32_t slot) const {
    return at(slot).proved_mark.load(std::memory_order_acquire);
  }

  /// Whether the connection is being read. While it is not (for want of memory, say), invalidations
  /// may lie unread in the socket, so nothing of the slot may be served.
  void set_readable(std::uint32_t slot, bool readable);
  bool is_readable(std::uint32_t slot) const {
    return at(slot).readable.load(std::memory_order_acquire);
  }

 private:
  struct Slot {
    std::atomic<std::uint32_t> id{1};
    std::atomic<bool> readable{false};
    bool taken = false;
    std::atomic<Duration::rep> proved_at{Duration::min().count()};
    std::atomic<Mark> proved_mark{0};
  };

  std::uint32_t id(std::uint32_t slot) const {
    const std::uint32_t epoch = epoch_.load(std::memory_order_acquire);
    return own_id(slot) + epoch;
  }
  std::uint32_t own_id(std::uint32_t slot) const {
    if (slot == untracked) return untracked_id_.load(std::memory_order_acquire);
    return at(slot).id.load(std::memory_order_acquire);
  }
  Slot& at(std::uint32_t slot) const {
    Slot* const chunk = chunks_[slot / slots_per_chunk].load(std::memory_order_acquire);
    PLIMSOLL_CHECK(chunk != nullptr);
    return chunk[slot % slots_per_chunk];
  }

  Account& account_;
  std::atomic<std::uint32_t> epoch_{1};
  std::atomic<std::uint32_t> untracked_id_{0};
  std::atomic<std::uint32_t> ends_count_{0};
  std::array<std::atomic<Slot*>, chunks_max> chunks_{};
  std::array<Block, chunks_max> blocks_;
};

}  // namespace plimsoll::cache
