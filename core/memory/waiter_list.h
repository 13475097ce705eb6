#pragma once

// Waiters for memory: callers that were refused a charge and want a notification when memory is
// released. Not thread-safe; the Ledger holds its lock.

namespace plimsoll::inline v0 {

/// A caller that was refused memory and wants a notification when memory is released.
class BudgetWaiter {
 public:
  /// Called once for each Budget::wait(), by the thread that releases memory, with the Ledger's
  /// lock held. Only pass the notification on (post to an executor): a call of the Budget from here
  /// would deadlock.
  virtual void handle_budget_available() = 0;

 protected:
  ~BudgetWaiter() = default;

 private:
  friend class WaiterList;
  BudgetWaiter* next_waiter_ = nullptr;
  bool waiting_ = false;
};

/// A list of waiters in the order in which they asked. A waiter is in the list at most once, and
/// leaves it when it is notified.
class WaiterList {
 public:
  bool empty() const { return first_ == nullptr; }

  static bool has(const BudgetWaiter& waiter) { return waiter.waiting_; }

  /// The waiter must not be in the list.
  void add(BudgetWaiter& waiter);

  /// Removes the waiter, if it is in the list. Walks over the waiters in front of it.
  void remove(BudgetWaiter& waiter);

  /// Notifies each waiter and empties the list.
  void notify_all();

 private:
  BudgetWaiter* first_ = nullptr;
  BudgetWaiter* last_ = nullptr;
};

}  // namespace plimsoll::inline v0
