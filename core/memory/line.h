#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/shares.h"

// The arithmetic of the memory line and its pools: which pool may grow, lends, or gives back. Not
// thread-safe; the Ledger holds its lock.
//
// Invariants, which validate() checks:
// - A pool uses no more than its limit in force.
// - The limits in force and the spare pool's share add up to at most the line, unless the line was
//   lowered below what is used, or a pool uses more than its share. So bytes that one pool borrows
//   are missing in another pool's limit.
// - The line's limit in force is the line. If the line was lowered below what is used, the limit in
//   force is what is used: it falls as memory is released, and does not rise again.
// - A pool always gets its share, unless another pool borrowed some of it and has not released that
//   yet. The pool then starves, and no other pool may borrow any more (may_borrow()).

namespace plimsoll::inline v0 {

class Line {
 public:
  struct Pool {
    std::size_t share = 0;
    std::size_t kept = 0;   ///< the part of the share that is never lent
    std::size_t limit = 0;  ///< in force: less than the share while some of it is lent
    std::size_t used = 0;
    std::size_t peak = 0;
    std::uint64_t refused = 0;
    bool starves = false;  ///< was refused bytes of its own share, which other pools have borrowed
  };

  enum class Growth : std::uint8_t {
    allowed,
    refused_by_pool,
    refused_by_line,  ///< giving free pages back may help
  };

  Line(const Shares& shares, const BudgetOptions& options);

  /// Changes the line and the shares. `shares` is the result of shares_of(options). If more is used
  /// than the new line allows, nothing grows until releases have lowered the limits in force.
  void draw(const Shares& shares, const BudgetOptions& options);

  Growth grow(PoolKind kind, std::size_t bytes);
  void shrink(PoolKind kind, std::size_t bytes);

  void count_refusal(PoolKind kind) { ++at(kind).refused; }

  /// Moves bytes between the spare pool and another pool. The sum does not change.
  bool move_from_spare(PoolKind kind, std::size_t bytes);
  void move_to_spare(PoolKind kind, std::size_t bytes);

  /// The most that the pool may have now.
  std::size_t reach(PoolKind kind) const;

  /// The most that the pool could ever have, with all other pools idle.
  std::size_t most(PoolKind kind) const;

  /// The value that the pool's limit in force is moving to.
  std::size_t target(PoolKind kind) const;

  /// Returns true if the pool uses more than its share and has to give that back, because another
  /// pool starves, the line was lowered, or the pool may not borrow.
  bool must_yield(PoolKind kind) const;

  /// Marks every pool as not starving, until it is refused again.
  void forget_refusals();

  const Pool& pool(PoolKind kind) const { return pools_[index_of(kind)]; }
  std::size_t limit() const { return limit_; }    ///< in force
  std::size_t target() const { return target_; }  ///< the line as it was drawn
  std::size_t used() const { return used_; }
  std::size_t peak() const { return peak_; }

  /// CHECKs the invariants.
  void validate() const;

 private:
  Pool& at(PoolKind kind) { return pools_[index_of(kind)]; }

  static std::size_t idle(const Pool& pool);
  bool may_borrow(PoolKind kind) const;
  bool other_starves(PoolKind kind) const;
  bool may_have(PoolKind kind, std::size_t wanted);
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

}  // namespace plimsoll::inline v0
