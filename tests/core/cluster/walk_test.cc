#include "plimsoll/core/cluster/walk.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::walk_test {
namespace {

using Ask = Walk::Ask;

constexpr NodeId id_of(char letter) {
  NodeId id{};
  id.fill(letter);
  return id;
}
constexpr NodeId a = id_of('a');
constexpr NodeId b = id_of('b');

// The first half of all slots is a's, the rest is b's.
std::uint64_t owner_of(Slot slot) { return node_key(slot < 8192 ? a : b); }

SelfReport report_of(const NodeId& id, Slot first, Slot last) {
  SelfReport report;
  report.id = id;
  report.is_primary = report.is_serving = true;
  report.at_rest.add_range(first, last);
  report.identity = 1;
  return report;
}
SelfReport of_a() { return report_of(a, 0, 8191); }
SelfReport of_b() { return report_of(b, 8192, 16383); }

std::string text_of(const Walk& walk) {
  std::array<char, walk_cursor_bytes_max> room;
  return std::string(walk.write(room));
}

Walk begun() { return Walk(); }
// As from one call of the user's to the next.
Walk carried(const Walk& walk) {
  Walk next;
  REQUIRE(next.set_cursor(text_of(walk)));
  return next;
}

void check_step(Walk& walk, Slot slot, Ask ask, std::uint64_t cursor) {
  const Result<Walk::Step> step = walk.next(owner_of);
  REQUIRE(step);
  CHECK(step->slot == slot);
  CHECK(step->ask == ask);
  CHECK(step->cursor == cursor);
}

// a has been asked for its first page.
Walk within_a() {
  Walk walk = begun();
  check_step(walk, 0, Ask::page_and_report, 0);
  walk.take_report(of_a(), 17);
  return carried(walk);
}

TEST_CASE("a node with few keys takes one question") {
  Walk walk = begun();
  check_step(walk, 0, Ask::page_and_report, 0);
  walk.take_report(of_a(), 0);
  walk = carried(walk);
  check_step(walk, 8192, Ask::page_and_report, 0);
  walk.take_report(of_b(), 0);
  CHECK(walk.is_over());
  CHECK(text_of(walk) == "0");
}

TEST_CASE("a node with more keys is asked page by page, and for a report at the end") {
  Walk walk = within_a();
  check_step(walk, 0, Ask::page, 17);
  walk.take_page(node_key(a), UINT64_MAX);
  walk = carried(walk);
  check_step(walk, 0, Ask::page, UINT64_MAX);
  walk.take_page(node_key(a), 0);
  walk = carried(walk);
  CHECK(walk.state().done.empty());
  check_step(walk, 0, Ask::report_without_page, 0);
  walk.take_report(of_a(), 0);
  walk = carried(walk);
  CHECK(walk.state().done.count() == 8192);
  check_step(walk, 8192, Ask::page_and_report, 0);
}

TEST_CASE("slots that came or left during a pass are not done") {
  Walk walk = within_a();
  walk.take_page(node_key(a), 0);
  walk.take_report(report_of(a, 100, 9000), 0);
  CHECK(walk.state().done.count() == 8092);
  CHECK(!walk.state().done.has(99));
  CHECK(!walk.state().done.has(8192));
}

TEST_CASE("a node that is another process at the end of a pass is walked again") {
  Walk walk = within_a();
  walk.take_page(node_key(a), 0);
  SelfReport report = of_a();
  report.identity = 2;
  walk.take_report(report, 0);
  walk = carried(walk);
  CHECK(walk.state().done.empty());
  CHECK(!walk.state().pass);
  CHECK(!walk.state().is_careful);
}

TEST_CASE("a pass counts if keys only came, or only left, or nothing was settled") {
  for (const std::string_view changed : {"cl", "cs", "ls", "c", "l", "s"}) {
    INFO(changed);
    Walk walk = within_a();
    walk.take_page(node_key(a), 0);
    SelfReport report = of_a();
    report.came = changed.find('c') != changed.npos ? 5 : 0;
    report.left = changed.find('l') != changed.npos ? 5 : 0;
    report.settled = changed.find('s') != changed.npos ? 5 : 0;
    walk.take_report(report, 0);
    CHECK(walk.state().done.count() == 8192);
  }
}

TEST_CASE("where keys may have been away, the next pass asks for a report with each page") {
  Walk walk = within_a();
  walk.take_page(node_key(a), 0);
  SelfReport report = of_a();
  report.came = report.left = report.settled = 5;
  walk.take_report(report, 0);
  walk = carried(walk);
  CHECK(walk.state().done.empty());
  CHECK(!walk.state().pass);
  walk.take_report(report, 3);
  walk = carried(walk);
  // What happens in steps, each behind a page, is seen.
  report.came = 6;
  check_step(walk, 0, Ask::page_and_report, 3);
  walk.take_report(report, 4);
  walk = carried(walk);
  report.left = report.settled = 6;
  report.at_rest.remove(7);
  check_step(walk, 0, Ask::page_and_report, 4);
  walk.take_report(report, 0);
  CHECK(walk.state().done.count() == 8191);
  CHECK(!walk.state().done.has(7));
  CHECK(!walk.state().is_careful);
}

TEST_CASE("a page of another node does not count") {
  Walk walk = within_a();
  walk.take_page(node_key(b), 99);
  walk = carried(walk);
  CHECK(!walk.state().pass);
  check_step(walk, 8192, Ask::page_and_report, 0);  // after a vain attempt, another node first
}

TEST_CASE("a node that owns none of a pass's slots any more is left") {
  Walk walk = within_a();
  const Result<Walk::Step> step = walk.next([](Slot) { return node_key(b); });
  REQUIRE(step);
  CHECK(step->ask == Ask::page_and_report);
  CHECK(!walk.state().pass);
}

TEST_CASE("a node that does not serve its slots, or is a replica, is not believed") {
  for (const bool is_primary : {true, false}) {
    Walk walk = begun();
    SelfReport report = of_a();
    report.is_primary = is_primary;
    report.is_serving = !is_primary;
    walk.take_report(report, 0);
    CHECK(walk.state().done.empty());
    CHECK(walk.state().vain == 1);
  }
}

TEST_CASE("a lost answer leaves a walk where it is") {
  Walk walk = within_a();
  walk.take_loss();
  walk = carried(walk);
  check_step(walk, 0, Ask::page, 17);
}

TEST_CASE("a walk waits longer and longer for slots on the move, and fails at the bound") {
  Walk walk = begun();
  Duration last{};
  for (int i = 0; i < Walk::vain_max; ++i) {
    const Result<Walk::Step> step = walk.next(owner_of);
    REQUIRE(step);
    CHECK(step->wait >= last);
    CHECK(step->slot == (i % 2 == 0 ? 0 : 8192));  // each node has its turn
    last = step->wait;
    SelfReport report = i % 2 == 0 ? of_a() : of_b();
    report.at_rest = {};
    walk.take_report(report, 0);
    walk = carried(walk);
  }
  CHECK(last == std::chrono::milliseconds(500));
  const Result<Walk::Step> step = walk.next(owner_of);
  REQUIRE(!step);
  CHECK(step.error().code == ErrorCode::cluster_down);
  CHECK(step.error().value == 0);
}

TEST_CASE("slots without an owner are walked last, and waited for") {
  const auto half = [](Slot slot) { return slot < 8192 ? 0 : node_key(b); };
  Walk walk = begun();
  CHECK(walk.next(half)->slot == 8192);
  walk.take_report(of_b(), 0);
  CHECK(walk.next(half)->slot == 0);
}

}  // namespace
}  // namespace plimsoll::walk_test
