#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/bounded_memory.h"

// Finds the entries that have expired: a hierarchical timing wheel (Varghese and Lauck, "Hashed and
// hierarchical timing wheels", 1987, scheme 7). A slot of the lowest level is one tick wide, a slot
// of each higher level as wide as the whole level below. An entry moves to lower levels as its time
// comes nearer. Each call does a bounded amount of work.
//
//   reserve() --> add() --> level n --advance()--> ... --advance()--> expired --> remove()
//
// Invariants:
//
// - All entries of a level expire before all entries of the levels above it.
// - Levels are allocated from the lowest up without a gap, so an entry that moves down always finds
//   its level. They are freed when the last entry is removed, so an empty wheel costs nothing.

namespace plimsoll::inline v0::cache {

/// The wheel's part of an entry.
struct ExpiryLink {
  ExpiryLink* next = nullptr;
  ExpiryLink* previous = nullptr;
  Instant at{};
  std::uint8_t level = 0;
};

class ExpiryWheel {
 public:
  /// The wheel reports an entry at the end of the tick in which it expires, up to 17 ms late. The
  /// entry is not served meanwhile, because a lookup compares the exact time.
  static constexpr int tick_bits = 24;
  static constexpr Duration tick = Duration(std::int64_t{1} << tick_bits);

  explicit ExpiryWheel(BoundedMemory& memory) : memory_(memory) {}
  ExpiryWheel(const ExpiryWheel&) = delete;
  ExpiryWheel& operator=(const ExpiryWheel&) = delete;
  ~ExpiryWheel();

  /// The memory that reserve(at) would take now, and in a wheel without entries.
  std::size_t bytes_to_reserve(Instant at) const;
  std::size_t bytes_when_empty(Instant at) const;

  /// Allocates the levels for an entry that expires at `at`. Returns false if there is no memory.
  [[nodiscard]] bool reserve(Instant at);

  /// Frees the levels if there are no entries: undoes a reserve() that no add() followed.
  void trim();

  /// Adds an entry. Call reserve(link.at) first.
  void add(ExpiryLink& link);
  void remove(ExpiryLink& link);

  /// Does one step of the work that is due by `now`: reports an expired entry, or moves one down.
  enum class Step { idle, moved, expired };
  struct Result {
    Step step = Step::idle;
    ExpiryLink* expired = nullptr;  // the caller removes it before the next step
  };
  Result advance(Instant now);

  /// The time at which to call advance() next, at the latest the end of the tick in which the first
  /// entry expires; `never` if there is no entry.
  Instant next() const;

  std::size_t size() const { return size_; }

  /// CHECKs that every entry is in its place. Returns the memory that the levels take.
  std::size_t validate() const;

 private:
  static constexpr int level_bits = 4;
  static constexpr std::size_t slots_count = 1 << level_bits;
  // Enough for every tick that an Instant can hold.
  static constexpr std::size_t levels_count = (63 - tick_bits + level_bits - 1) / level_bits;

  struct Level {
    std::array<ExpiryLink*, slots_count> slots{};
  };

  // The first occupied slot of a level and the tick that it begins with.
  struct Due {
    std::size_t level = 0;
    std::size_t slot = 0;
    std::uint64_t begin = UINT64_MAX;
  };

  static std::uint64_t tick_of(Instant at);
  static std::uint64_t last_tick(Instant now);
  std::size_t level_of(std::uint64_t due) const;
  std::size_t slot_of(const ExpiryLink& link) const;
  Due first_due() const;
  void link_in(ExpiryLink& link);
  void link_out(ExpiryLink& link);
  std::size_t level_bytes() const { return memory_.footprint(sizeof(Level)); }

  BoundedMemory& memory_;
  std::size_t size_ = 0;
  std::uint64_t now_ = 0;  // the tick that advance() has reached
  std::size_t levels_ = 0;
  std::array<Level*, levels_count> level_{};
  std::array<std::uint16_t, levels_count> occupied_{};  // a bit for each slot
};

}  // namespace plimsoll::inline v0::cache
