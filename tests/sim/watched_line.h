#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/sim/client/user.h"
#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/memory.h"
#include "plimsoll/tests/sim/witness.h"

// One memory line: a Budget, the memory behind it, and what must hold of the two. Whatever is
// allocated is looked at in that instant, all else after every event or now and then.

namespace plimsoll::sim {

class WatchedLine final : private Memory::Owner {
 public:
  WatchedLine(Environment& environment, std::uint32_t number, const BudgetOptions& options);

  Budget& budget() { return *budget_; }
  Memory& memory() { return memory_; }

  using Users = std::vector<std::unique_ptr<User>>;

  /// What it was to begin with.
  const BudgetOptions& first_options() const { return first_options_; }
  /// While everybody is at work.
  void configure(const BudgetOptions& options);

  /// After every event.
  void check_step(const Users& users);
  /// Now and then.
  void check_accounts(const Users& users);
  void validate() { budget_->validate(); }
  /// Everybody is there, and nobody does anything.
  void check_quiet(const Users& users);
  /// Nothing has happened for long.
  void check_rested(const Users& users);
  /// Nobody is there any more.
  void check_idle();

 private:
  void handle_allocated() override;
  void check_progress(const Users& users);
  void check_limits();
  void check_sum_of_limits(const BudgetStatistics& now);
  void check_reserve();
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "line", number_);
  }

  Environment& environment_;
  const std::uint32_t number_;
  const BudgetOptions first_options_;
  Memory memory_;
  std::unique_ptr<Budget> budget_;
  Witness witness_;
  const std::size_t idle_bytes_;  // before there was a client
  // Since the line was drawn.
  std::size_t limit_;
  std::size_t used_ = 0;
  std::size_t highest_limit_;  // of all times
  bool limits_add_up_ = true;
  std::size_t pages_kept_ = 0;  // when all was quiet
  bool borrows_ = false;
};

}  // namespace plimsoll::sim
