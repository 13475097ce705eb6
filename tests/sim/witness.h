#pragma once

#include <array>
#include <cstddef>

#include "plimsoll/core/memory/budget.h"

// Someone who always waits for memory, and notices where some was released and nobody told.

namespace plimsoll::sim {

class Witness final : private BudgetWaiter {
 public:
  explicit Witness(Budget& budget) : budget_(budget) { budget_.wait(*this); }
  ~Witness() { budget_.stop_waiting(*this); }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  /// Whether it was told since the last call, if some pool uses less than then.
  bool has_heard(const BudgetStatistics& now);

 private:
  void handle_budget_available() override { told_ = true; }

  Budget& budget_;
  bool told_ = false;
  std::array<std::size_t, pools_count> used_{};
};

}  // namespace plimsoll::sim
