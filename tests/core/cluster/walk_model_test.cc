#include "plimsoll/tests/core/cluster/walk_model.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cluster/walk.h"

namespace plimsoll::walk_model_test {
namespace {

using testing::WalkModel;

constexpr std::uint64_t seeds = 1000;

struct Outcome {
  std::set<int> found;
  std::uint64_t calls = 0;
  bool is_over = false;
  bool is_stuck = false;
};

// One call of SCAN: reads the cursor, asks one node, and returns the next cursor.
std::string call(WalkModel& model, bool is_restless, std::string_view cursor, Outcome& outcome) {
  Walk walk;
  REQUIRE(walk.set_cursor(cursor));
  const Result<Walk::Step> step =
      walk.next([&model](Slot slot) { return model.key(model.told_owner(slot)); });
  if (!step) {
    CHECK(step.error().code == ErrorCode::cluster_down);
    outcome.is_stuck = true;
    return std::string(cursor);
  }
  // Until the request is there, the world goes on.
  for (std::uint64_t events = model.draw(3); events > 0 && is_restless; --events) model.happen();
  const WalkModel::NodeIndex node = model.told_owner(step->slot);
  WalkModel::Page page{.keys = {}, .cursor = 0};
  if (step->ask != Walk::Ask::report_without_page) {
    page = model.scan(node, step->cursor, 1 + model.draw(24));
    outcome.found.insert(page.keys.begin(), page.keys.end());
  }
  if (model.draw(40) == 0) {
    walk.take_loss();  // the answer was lost
  } else if (step->ask == Walk::Ask::page) {
    walk.take_page(model.key(node), page.cursor);
  } else {
    walk.take_report(model.report(node), page.cursor);
  }
  outcome.is_over = walk.is_over();
  std::array<char, walk_cursor_bytes_max> room;
  return std::string(walk.write(room));
}

Outcome walk_through(WalkModel& model) {
  Outcome outcome;
  std::string cursor = "0";
  const std::uint64_t restless = model.draw(400);
  while (!outcome.is_over && outcome.calls < 20'000) {
    const bool is_restless = outcome.calls < restless;
    for (std::uint64_t events = model.draw(6); events > 0 && is_restless; --events) model.happen();
    if (!is_restless) model.settle();
    const bool was_stuck = std::exchange(outcome.is_stuck, false);
    cursor = call(model, is_restless, cursor, outcome);
    ++outcome.calls;
    if (was_stuck && outcome.is_stuck) break;
    if (outcome.is_stuck) model.settle();
  }
  return outcome;
}

TEST_CASE("a walk returns each key that is there all the time, whatever moves or is replaced") {
  std::uint64_t over = 0;
  std::uint64_t longest = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    INFO("seed " << seed);
    WalkModel model(seed);
    const Outcome outcome = walk_through(model);
    longest = std::max(longest, outcome.calls);
    if (!outcome.is_over) continue;
    ++over;
    std::string missed;
    for (const int key : model.lasting()) {
      if (!outcome.found.contains(key)) {
        missed += " " + std::to_string(key) + " in " + std::to_string(model.slot_of(key));
      }
    }
    REQUIRE(missed == "");
  }
  INFO("walks that ended: " << over << ", the most calls of one: " << longest);
  // A walk may fail, and says so then. But few may, or nothing is shown here.
  CHECK(over > seeds * 95 / 100);
}

}  // namespace
}  // namespace plimsoll::walk_model_test
