#include "plimsoll/core/memory/waiter_list.h"

namespace plimsoll::inline v0 {

void WaiterList::add(BudgetWaiter& waiter) {
  waiter.waiting_ = true;
  waiter.next_waiter_ = nullptr;
  (first_ == nullptr ? first_ : last_->next_waiter_) = &waiter;
  last_ = &waiter;
}

void WaiterList::remove(BudgetWaiter& waiter) {
  if (!waiter.waiting_) return;
  BudgetWaiter* before = nullptr;
  for (BudgetWaiter* at = first_; at != &waiter; at = at->next_waiter_) before = at;
  (before == nullptr ? first_ : before->next_waiter_) = waiter.next_waiter_;
  if (last_ == &waiter) last_ = before;
  waiter.waiting_ = false;
}

void WaiterList::notify_all() {
  while (first_ != nullptr) {
    BudgetWaiter* const waiter = first_;
    first_ = waiter->next_waiter_;
    waiter->waiting_ = false;
    waiter->handle_budget_available();
  }
}

}  // namespace plimsoll::inline v0
