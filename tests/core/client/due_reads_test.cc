#include "plimsoll/core/client/due_reads.h"

#include <chrono>
#include <map>
#include <random>
#include <set>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::due_reads_test {
namespace {

using std::chrono::milliseconds;

TEST_CASE("reads leave at their times, in the order of their ids, whatever timeouts they have") {
  const auto seed = static_cast<unsigned>(GENERATE(range(1, 50)));
  const int timeouts = GENERATE(1, 3, 100);
  CAPTURE(seed, timeouts);
  std::mt19937 random(seed);
  const auto pick = [&random](int count) { return static_cast<int>(random() % unsigned(count)); };
  TestBudget budget;
  const AccountHandle account = budget.budget.open_account(PoolKind::requests);
  DueReads reads(*account, 1000);
  std::map<RequestId, Instant> model;
  RequestId next_id = 1;
  RequestId answered_until = 0;
  Instant now{};
  for (int step = 0; step < 500; ++step) {
    const int what = pick(4);
    if (what < 2) {
      const Instant at = now + milliseconds(10 + 7 * pick(timeouts));
      REQUIRE(reads.add(next_id, at));
      model[next_id++] = at;
    } else if (what == 2 && !model.empty()) {
      answered_until = std::max(answered_until, model.begin()->first + 1);
      model.erase(model.begin());
      reads.drop_answered(answered_until);
    } else {
      now += milliseconds(pick(20));
      const bool is_taken = pick(3) > 0;
      const Instant again = now + milliseconds(10);
      std::set<RequestId> due;
      for (auto& [id, at] : model) {
        if (at > now) continue;
        due.insert(id);
        if (!is_taken) at = again;
      }
      std::set<RequestId> asked;
      reads.leave(now, again, [&](RequestId id) {
        if (id < answered_until) return true;
        CHECK((asked.empty() || *asked.rbegin() < id));
        asked.insert(id);
        return is_taken;
      });
      if (is_taken) {
        CHECK(asked == due);
        for (const RequestId id : due) model.erase(id);
      } else {
        CHECK(asked.size() == (due.empty() ? 0 : 1));
      }
      CHECK(reads.next(answered_until) > now);
    }
    Instant first = never;
    for (const auto& [id, at] : model) first = std::min(first, at);
    CHECK(reads.next(answered_until) <= first);
    if (timeouts == 1 && answered_until == next_id) CHECK(reads.next(answered_until) == never);
  }
}

}  // namespace
}  // namespace plimsoll::testing::due_reads_test
