#pragma once

// Those who were refused memory and want to know when some was released. Not thread-safe: the
// Ledger locks.

namespace plimsoll {

/// Someone who was refused memory and wants to know when some was released.
class BudgetWaiter {
 public:
  /// Called once for each Budget::wait(), by the thread that releases memory, and with the Ledger's
  /// lock held: only pass the news on (post to an executor). To call the Budget from here would
  /// lock up.
  virtual void handle_budget_available() = 0;

 protected:
  ~BudgetWaiter() = default;

 private:
  friend class WaiterList;
  BudgetWaiter* next_waiter_ = nullptr;
  bool waiting_ = false;
};

/// A list of waiters in the order in which they asked. A waiter is in it once at most, and leaves
/// it when it is notified.
class WaiterList {
 public:
  bool empty() const { return first_ == nullptr; }

  static bool has(const BudgetWaiter& waiter) { return waiter.waiting_; }

  /// The waiter is not in the list.
  void add(BudgetWaiter& waiter);

  /// Walks over those in front of it. Nothing happens where the waiter is not in the list.
  void remove(BudgetWaiter& waiter);

  /// Empties the list, and tells each.
  void notify_all();

 private:
  BudgetWaiter* first_ = nullptr;
  BudgetWaiter* last_ = nullptr;
};

}  // namespace plimsoll
