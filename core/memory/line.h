#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/shares.h"

// The memory line and the pools below it, as numbers. A pool always gets its share, unless another
// one borrowed of it and has not released that yet; it may get more, as long as others leave
// theirs idle. The limits in force, lent and borrowed bytes counted, never add up to more than the
// line. Not thread-safe: the Budget locks.

namespace plimsoll {

class Line {
 public:
  struct Pool {
    std::size_t share = 0;
    std::size_t kept = 0;   ///< of the share, what is never lent
    std::size_t limit = 0;  ///< in force: less than the share where some of it is lent
    std::size_t used = 0;
    std::size_t peak = 0;
    std::uint64_t refused = 0;
    bool starves = false;  ///< below its share, it was refused what others have borrowed
  };

  enum class Growth : std::uint8_t {
    granted,
    refused_by_pool,
    refused_by_line,  ///< free pages that are given back may mend it
  };

  Line(const Shares& shares, const BudgetOptions& options);

  /// Draws the line anew, and the shares, which shares_of(options) has found. Where more is used
  /// than that, the limits in force fall to it as memory is released, and nothing grows before.
  void draw(const Shares& shares, const BudgetOptions& options);

  Growth grow(PoolKind kind, std::size_t bytes);
  void shrink(PoolKind kind, std::size_t bytes);

  void count_refusal(PoolKind kind) { ++at(kind).refused; }

  /// Bytes change hands: the sum stays.
  bool move_from_spare(PoolKind kind, std::size_t bytes);
  void move_to_spare(PoolKind kind, std::size_t bytes);

  /// The most that the pool may have as things are.
  std::size_t reach(PoolKind kind) const;

  /// The most that it could ever have, with all others idle.
  std::size_t most(PoolKind kind) const;

  /// What the limit in force is moving to.
  std::size_t target(PoolKind kind) const;

  /// Whether a pool has more than its share, and others need that, or it may not have it now.
  bool must_yield(PoolKind kind) const;

  /// Nobody is said to starve any more who is not refused again.
  void forget_refusals();

  const Pool& pool(PoolKind kind) const { return pools_[index_of(kind)]; }
  std::size_t limit() const { return limit_; }    ///< in force
  std::size_t target() const { return target_; }  ///< the line as it was drawn
  std::size_t used() const { return used_; }
  std::size_t peak() const { return peak_; }

  /// CHECKs that all adds up.
  void validate() const;

 private:
  static constexpr std::size_t index_of(PoolKind kind) { return static_cast<std::size_t>(kind); }
  Pool& at(PoolKind kind) { return pools_[index_of(kind)]; }

  static std::size_t idle(const Pool& pool);
  bool may_borrow(PoolKind kind) const;
  bool other_starves(PoolKind kind) const;
  std::size_t unshared() const;
  std::size_t limits_sum() const;
  void take(PoolKind kind, std::size_t bytes);
  void give_back(Pool& pool);
  static void add(Pool& pool, std::size_t bytes);

  std::array<Pool, pools_count> pools_;
  std::size_t limit_ = 0;
  std::size_t target_ = 0;
  std::size_t used_ = 0;
  std::size_t peak_ = 0;
  bool borrowing_ = true;
};

}  // namespace plimsoll
