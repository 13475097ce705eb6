#include "plimsoll/core/cluster/walk_cursor.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::walk_cursor_test {
namespace {

std::string write(const WalkState& state) {
  std::array<char, walk_cursor_bytes_max> room;
  return std::string(write_walk_cursor(state, room));
}

Result<WalkState> read(std::string_view text) {
  WalkState state{.vain = 9};
  const Status status = read_walk_cursor(text, state);
  return status ? Result<WalkState>(state) : status.error();
}

WalkPass pass_of(const SlotSet& slots) {
  return {.node = 0x0123456789abcdef,
          .identity = UINT64_MAX,
          .came = 1,
          .left = 0,
          .settled = 0x8000000000000000,
          .cursor = 0xfedcba9876543210,
          .slots = slots};
}

SlotSet every_other(Slot first) {
  SlotSet set;
  for (std::uint32_t slot = first; slot < slots_count; slot += 2) set.add(static_cast<Slot>(slot));
  return set;
}

void check_refused(std::string_view text) {
  const Result<WalkState> state = read(text);
  REQUIRE(!state);
  CHECK(state.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a walk begins with 0") {
  CHECK(*read("0") == WalkState());
  CHECK(*read(write(WalkState())) == WalkState());
}

TEST_CASE("what is known of a walk comes back from its cursor") {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    WalkState state{.vain = static_cast<std::uint8_t>(random() % 65),
                    .is_careful = random() % 2 == 0};
    SlotSet slots;
    const auto ranges = static_cast<std::uint32_t>(random() % 3 == 0 ? 4000 : random() % 20);
    for (std::uint32_t range = 0; range <= ranges; ++range) {
      const auto first = static_cast<std::uint32_t>(random() % slots_count);
      const auto last = std::min(first + static_cast<std::uint32_t>(random() % 6), slots_count - 1);
      SlotSet& set = random() % 2 == 0 ? state.done : slots;
      set.add_range(static_cast<Slot>(first), static_cast<Slot>(last));
    }
    slots.remove(state.done);
    if (random() % 4 != 0 && !slots.empty()) {
      state.pass = pass_of(slots);
      state.pass->cursor = random() % 3 == 0 ? 0 : random() >> random() % 31;
      if (state.pass->cursor == 0) state.pass->stage = WalkPass::Stage::ended;
    }
    const std::string text = write(state);
    const Result<WalkState> again = read(text);
    REQUIRE(again);
    REQUIRE(*again == state);
  }
}

TEST_CASE("the cursor of a walk over two nodes of long ranges is short") {
  WalkState state;
  SlotSet slots;
  state.done.add_range(0, 8191);
  slots.add_range(8192, 16383);
  state.pass = pass_of(slots);
  CHECK(write(state).size() < 100);
}

TEST_CASE("the cursor of a walk over two nodes with every other slot is at the bound, not beyond") {
  WalkState state{.done = every_other(0)};
  state.pass = pass_of(every_other(1));
  const std::string text = write(state);
  CHECK(text.size() <= walk_cursor_bytes_max);
  CHECK(text.size() > walk_cursor_bytes_max - 100);
  CHECK(*read(text) == state);
  check_refused(text + "A");
  check_refused(text + std::string(walk_cursor_bytes_max, 'A'));
}

TEST_CASE("what is no cursor of a walk is refused") {
  for (const char* const text :
       {"", "1", "00", "-1", "17592186044416", "walk1", "walk1-", "walk1-A", "walk1-AAAA",
        "walk2-AAAAAAAAAAAA", "Walk1-AAAAAAAAAAAA", "walk1-AAAAAAAAAAAA", "walk1-????????"}) {
    INFO(text);
    check_refused(text);
  }
}

TEST_CASE("a cursor of which a letter was changed, lost or doubled is refused") {
  WalkState state{.vain = 3};
  state.done.add_range(5, 100);
  SlotSet slots;
  slots.add_range(200, 300);
  state.pass = pass_of(slots);
  const std::string text = write(state);
  for (std::size_t at = 0; at < text.size(); ++at) {
    INFO(at);
    std::string changed = text;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    check_refused(changed);
    changed[at] = ' ';
    check_refused(changed);
    check_refused(std::string_view(text).substr(0, at));
    check_refused(text.substr(0, at) + text.substr(at + 1) + "A");
    check_refused(text.substr(0, at) + text[at] + text.substr(at));
  }
}

}  // namespace
}  // namespace plimsoll::walk_cursor_test
