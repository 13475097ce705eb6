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

// Who vouches for the entries of a cache. A client has a slot, in which the tracking of one
// connection is one generation; an entry's stamp says which it came with. When the connection ends,
// so does the generation, and all its entries are out of reach at once, wherever they lie. Slot 0
// is for entries that only time vouches for. What lookups ask needs no lock.

namespace plimsoll::cache {

class Generations {
 public:
  static constexpr std::uint32_t untracked = 0;
  static constexpr std::uint32_t slots_per_chunk = 32;
  static constexpr std::uint32_t chunks_max = 64;
  /// Clients of one cache at a time, and slot 0.
  static constexpr std::uint32_t slots_max = slots_per_chunk * chunks_max;

  /// Chunks are charged to `cache`.
  explicit Generations(Account& cache) : account_(cache) {}
  Generations(const Generations&) = delete;
  Generations& operator=(const Generations&) = delete;

  /// With the Cache's lock held: a slot for a client; 0 where there is none, or no memory for it.
  std::uint32_t take_slot();
  void give_back(std::uint32_t slot);

  /// What an entry of this slot would be stamped with now.
  Stamp stamp(std::uint32_t slot) const { return {.slot = slot, .id = id(slot)}; }

  bool is_valid(Stamp stamp) const { return stamp.id == id(stamp.slot); }

  /// All entries of the slot's generation are out of reach.
  void end(std::uint32_t slot);

  /// All that no connection vouches for is.
  void end_untracked() {
    untracked_id_.fetch_add(1, std::memory_order_acq_rel);
    ends_count_.fetch_add(1, std::memory_order_relaxed);
  }

  /// All entries of all slots are. Entries that are fetched from now on are not. Returns which end
  /// of all this was: no other has the same number, though several may come at a time.
  std::uint32_t end_all() {
    const std::uint32_t end = epoch_.fetch_add(1, std::memory_order_acq_rel);
    ends_count_.fetch_add(1, std::memory_order_relaxed);  // then there is something to sweep
    return end;
  }

  /// The slot's stamp just before the end of all with this number, and just after it.
  Stamp stamp_before(std::uint32_t slot, std::uint32_t end) const {
    return {.slot = slot, .id = own_id(slot) + end};
  }
  Stamp stamp_after(std::uint32_t slot, std::uint32_t end) const {
    return {.slot = slot, .id = own_id(slot) + end + 1};
  }

  /// Changes when a generation ends, and with what puts entries out of reach otherwise: whoever
  /// sees the change sees what it was made for.
  std::uint32_t ends_count() const { return ends_count_.load(std::memory_order_acquire); }
  void note_end() { ends_count_.fetch_add(1, std::memory_order_release); }

  /// A slot's connection has brought all that its server said before `at`, and before it was asked
  /// for that, which was after `mark` was drawn. Neither goes back.
  void prove(std::uint32_t slot, Instant at, Mark mark);
  Instant proved_at(std::uint32_t slot) const {
    return Instant(Duration(this->at(slot).proved_at.load(std::memory_order_acquire)));
  }
  Mark proved_mark(std::uint32_t slot) const {
    return at(slot).proved_mark.load(std::memory_order_acquire);
  }

  /// Whether the connection is being read: if not, nothing of it may be served.
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
