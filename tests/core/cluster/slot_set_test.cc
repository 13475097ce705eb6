#include "plimsoll/core/cluster/slot_set.h"

#include <string>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::slot_set_test {
namespace {

std::string show(const SlotSet& set) {
  std::string shown;
  set.for_each_range([&shown](Slot first, Slot last) {
    shown += " " + std::to_string(first) + "-" + std::to_string(last);
  });
  return shown;
}

TEST_CASE("a set of slots has what was added, as ranges") {
  SlotSet set;
  CHECK(set.empty());
  CHECK(show(set).empty());
  CHECK(!set.next_in(0));
  CHECK(set.next_out(0) == 0);
  set.add_range(0, 0);
  set.add_range(60, 130);
  set.add_range(16383, 16383);
  CHECK(show(set) == " 0-0 60-130 16383-16383");
  CHECK(set.count() == 73);
  CHECK(set.has(64));
  CHECK(!set.has(131));
  CHECK(set.next_in(131) == 16383);
  CHECK(set.next_out(60) == 131);
  CHECK(!set.next_out(16383));
  CHECK(!set.next_in(16384));
  set.remove(64);
  CHECK(show(set) == " 0-0 60-63 65-130 16383-16383");
}

TEST_CASE("sets of slots are joined and cut") {
  SlotSet a;
  SlotSet b;
  a.add_range(10, 200);
  b.add_range(100, 300);
  SlotSet both = a;
  both.keep(b);
  CHECK(show(both) == " 100-200");
  SlotSet either = a;
  either.add(b);
  CHECK(show(either) == " 10-300");
  SlotSet rest = a;
  rest.remove(b);
  CHECK(show(rest) == " 10-99");
  either.add_range(0, 16383);
  CHECK(either.all());
  CHECK(show(either) == " 0-16383");
  CHECK(!either.next_out(0));
}

}  // namespace
}  // namespace plimsoll::slot_set_test
