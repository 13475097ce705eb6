#include "plimsoll/native/runtime/name_lookups.h"

#include <atomic>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/hung_names.h"
#include "plimsoll/tests/native/patience.h"

namespace plimsoll::testing::name_lookups_test {
namespace {

using native::NameLookups;

// Look-ups of a test. Never destroyed, as that of a process, because their threads are detached.
NameLookups& new_lookups() {
  static auto& all = *new std::vector<NameLookups*>;
  all.push_back(new NameLookups);
  return *all.back();
}

// Counts the answers.
NameLookups::Done counting(std::atomic<int>& answers) {
  return [&answers](const NameLookups::Found&) { ++answers; };
}

TEST_CASE("a name that hangs holds up no other, and who asks for it meanwhile gets its answer") {
  NameLookups& lookups = new_lookups();
  HungNames hung(lookups);
  std::atomic<int> hung_answers = 0;
  std::atomic<int> answers = 0;
  const auto first = lookups.look_up("hung.one", counting(hung_answers));
  const auto second = lookups.look_up("hung.one", counting(hung_answers));
  const auto other = lookups.look_up("quick", counting(answers));
  CHECK(eventually([&] { return answers == 1 && lookups.names_count() == 1; }));
  CHECK(hung_answers == 0);
  hung.let_go();
  CHECK(eventually([&] { return hung_answers == 2 && lookups.names_count() == 0; }));
  CHECK(hung.asked("hung.one") == 1);
  const auto again = lookups.look_up("hung.one", counting(hung_answers));
  CHECK(eventually([&] { return hung_answers == 3; }));
  CHECK(hung.asked("hung.one") == 2);
}

TEST_CASE("who waits no more hears nothing, and is not held") {
  NameLookups& lookups = new_lookups();
  HungNames hung(lookups);
  std::atomic<int> answers = 0;
  const auto held = std::make_shared<int>();
  {
    const auto gone = lookups.look_up("hung", [held, &answers](const auto&) { ++answers; });
    CHECK(held.use_count() == 2);
  }
  CHECK(held.use_count() == 1);
  const auto waiting = lookups.look_up("hung", counting(answers));
  hung.let_go();
  CHECK(eventually([&] { return lookups.names_count() == 0 && answers == 1; }));
}

TEST_CASE("beyond names_max a name waits for its turn, unless nobody waits for it any more") {
  NameLookups& lookups = new_lookups();
  HungNames hung(lookups);
  std::atomic<int> answers = 0;
  std::vector<NameLookups::Wait> waits;
  for (std::size_t i = 0; i < NameLookups::names_max; ++i) {
    waits.push_back(lookups.look_up("hung." + std::to_string(i), counting(answers)));
  }
  waits.push_back(lookups.look_up("late", counting(answers)));
  {
    const auto gone = lookups.look_up("gone", counting(answers));
    CHECK(lookups.names_count() == NameLookups::names_max + 2);
  }
  CHECK(lookups.names_count() == NameLookups::names_max + 1);
  CHECK(eventually([&] { return hung.asked() == NameLookups::names_max; }));
  CHECK(hung.asked("late") == 0);
  hung.let_go();
  CHECK(eventually([&] { return answers == static_cast<int>(NameLookups::names_max) + 1; }));
  CHECK(hung.asked("late") == 1);
  CHECK(hung.asked("gone") == 0);
  CHECK(eventually([&] { return lookups.names_count() == 0; }));
}

TEST_CASE("without a resolver of its own the system is asked") {
  NameLookups& lookups = new_lookups();
  std::promise<NameLookups::Found> answer;
  const auto wait = lookups.look_up(
      "localhost", [&](const NameLookups::Found& found) { answer.set_value(found); });
  auto future = answer.get_future();
  REQUIRE(future.wait_for(patience()) == std::future_status::ready);
  const NameLookups::Found found = future.get();
  CHECK_FALSE(found.problem);
  REQUIRE_FALSE(found.addresses.empty());
  for (const auto& each : found.addresses) CHECK(each.is_loopback());
}

}  // namespace
}  // namespace plimsoll::testing::name_lookups_test
