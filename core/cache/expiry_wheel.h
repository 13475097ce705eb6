#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/bounded_memory.h"

// When entries expire: a hierarchical timing wheel (Varghese and Lauck, "Hashed and hierarchical
// timing wheels", 1987, scheme 7). Slots of the lowest level are a tick wide, those of each further
// one as wide as the whole level below it; what is far away moves down as its time comes nearer.
// Each call does a bounded amount of work. Levels cost memory from the first entry that needs them
// to the last entry that expires at all.

namespace plimsoll::cache {

/// What the wheel keeps in an entry.
struct ExpiryLink {
  ExpiryLink* next = nullptr;
  ExpiryLink* previous = nullptr;
  Instant at{};
  std::uint8_t level = 0;
};

class ExpiryWheel {
 public:
  /// Entries go at the end of the tick in which they expire, up to 17 ms late.
  static constexpr int tick_bits = 24;
  static constexpr Duration tick = Duration(std::int64_t{1} << tick_bits);

  explicit ExpiryWheel(BoundedMemory& memory) : memory_(memory) {}
  ExpiryWheel(const ExpiryWheel&) = delete;
  ExpiryWheel& operator=(const ExpiryWheel&) = delete;
  ~ExpiryWheel();

  /// What reserve(at) would cost now, or in a wheel without entries.
  std::size_t bytes_to_reserve(Instant at) const;
  std::size_t bytes_when_empty(Instant at) const;

  /// Makes sure of the levels for an entry that expires at `at`. False: no memory.
  [[nodiscard]] bool reserve(Instant at);

  /// Gives up what reserve() took in vain.
  void trim();

  /// After reserve(link.at).
  void add(ExpiryLink& link);
  void remove(ExpiryLink& link);

  /// Takes one step of those that there are to do by `now`.
  enum class Step { idle, moved, expired };
  struct Result {
    Step step = Step::idle;
    ExpiryLink* expired = nullptr;  // to be removed now
  };
  Result advance(Instant now);

  /// Not later than the end of the tick in which the first entry expires; `never`.
  Instant next() const;

  std::size_t size() const { return size_; }

  /// CHECKs that every entry lies where it belongs. Returns what the memory costs.
  std::size_t validate() const;

 private:
  static constexpr int level_bits = 4;
  static constexpr std::size_t slots_count = 1 << level_bits;
  // As many as the ticks of an Instant need.
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
  std::uint64_t now_ = 0;  // the tick up to which all has been done, or begun
  std::size_t levels_ = 0;
  std::array<Level*, levels_count> level_{};
  std::array<std::uint16_t, levels_count> occupied_{};  // a bit for each slot
};

}  // namespace plimsoll::cache
