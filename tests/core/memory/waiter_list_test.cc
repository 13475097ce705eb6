#include "plimsoll/core/memory/waiter_list.h"

#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::waiter_list_test {
namespace {

class Waiter final : public BudgetWaiter {
 public:
  explicit Waiter(std::vector<const Waiter*>& notified) : notified_(notified) {}
  void handle_budget_available() override { notified_.push_back(this); }

 private:
  std::vector<const Waiter*>& notified_;
};

struct ThreeWaiters {
  ThreeWaiters() {
    for (Waiter* const waiter : {&first, &second, &third}) list.add(*waiter);
  }

  std::vector<const Waiter*> notified;
  Waiter first{notified};
  Waiter second{notified};
  Waiter third{notified};
  WaiterList list;
};

using Waiters = std::vector<const Waiter*>;

TEST_CASE("waiters are notified once each, in the order in which they came") {
  ThreeWaiters all;
  all.list.notify_all();
  CHECK(all.notified == Waiters{&all.first, &all.second, &all.third});
  CHECK(all.list.empty());
  all.list.notify_all();
  CHECK(all.notified.size() == 3);
}

TEST_CASE("a waiter that leaves is not notified, wherever it stood") {
  ThreeWaiters all;
  SECTION("the first") {
    all.list.remove(all.first);
    all.list.notify_all();
    CHECK(all.notified == Waiters{&all.second, &all.third});
  }
  SECTION("one between others") {
    all.list.remove(all.second);
    all.list.notify_all();
    CHECK(all.notified == Waiters{&all.first, &all.third});
  }
  SECTION("the last, and another one comes") {
    all.list.remove(all.third);
    CHECK_FALSE(WaiterList::has(all.third));
    all.list.add(all.third);
    all.list.notify_all();
    CHECK(all.notified == Waiters{&all.first, &all.second, &all.third});
  }
}

TEST_CASE("to remove a waiter that does not wait does nothing") {
  ThreeWaiters all;
  Waiter stranger{all.notified};
  all.list.remove(stranger);
  all.list.notify_all();
  all.list.remove(all.first);
  CHECK(all.notified.size() == 3);
}

}  // namespace
}  // namespace plimsoll::testing::waiter_list_test
