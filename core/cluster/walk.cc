#include "plimsoll/core/cluster/walk.h"

#include <algorithm>

namespace plimsoll::inline v0 {
namespace {

// How long a walk waits before an attempt, from its third vain one in a row on: for slots that are
// on the move.
constexpr Duration vain_wait_min = std::chrono::milliseconds(5);
constexpr Duration vain_wait_max = std::chrono::milliseconds(500);
constexpr int vain_without_wait = 2;

constexpr Error is_stuck{
    .code = ErrorCode::cluster_down,
    .what =
        "a walk over the keys of a cluster does not get on: slots that it has not done, such "
        "as this one, stay on the move, or their nodes are replaced again and again",
    .expected = "the end of the move (CLUSTER SETSLOT); then the walk goes on from its cursor"};

}  // namespace

std::uint64_t node_key(const NodeId& id) {
  std::uint64_t key = 0xcbf29ce484222325;
  for (const char c : id) key = (key ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return key;
}

Walk::Step Walk::step_of_pass(Slot slot) const {
  const WalkPass& pass = *state_.pass;
  Step step{.slot = slot, .ask = Ask::page, .cursor = pass.cursor, .wait = wait()};
  if (pass.stage == WalkPass::Stage::ended) {
    step.ask = Ask::report_without_page;
  } else if (state_.is_careful) {
    step.ask = Ask::page_and_report;
  }
  return step;
}

Duration Walk::wait() const {
  Duration wait = vain_wait_min;
  if (state_.vain <= vain_without_wait) return {};
  for (int i = vain_without_wait + 1; i < state_.vain && wait < vain_wait_max; ++i) wait *= 2;
  return std::min(wait, vain_wait_max);
}

Error Walk::stuck() const {
  Error error = is_stuck;
  error.value = *state_.done.next_out(0);
  return error;
}

void Walk::take_page(std::uint64_t node, std::uint64_t cursor) {
  if (!state_.pass) return;
  if (node != state_.pass->node) return drop_pass();
  state_.pass->cursor = cursor;
  if (cursor == 0) state_.pass->stage = WalkPass::Stage::ended;
}

void Walk::take_report(const SelfReport& report, std::uint64_t cursor) {
  if (!report.is_primary || !report.is_serving) return drop_pass();
  state_.pass ? go_on(report, cursor) : begin_pass(report, cursor);
}

void Walk::begin_pass(const SelfReport& report, std::uint64_t cursor) {
  WalkPass& pass = state_.pass.emplace();
  pass.slots = report.at_rest;
  pass.slots.remove(state_.done);
  if (pass.slots.empty()) return drop_pass();
  pass.node = node_key(report.id);
  pass.identity = report.identity;
  pass.came = report.came;
  pass.left = report.left;
  pass.settled = report.settled;
  pass.cursor = cursor;
  if (cursor == 0) finish_pass();
}

void Walk::go_on(const SelfReport& report, std::uint64_t cursor) {
  WalkPass& pass = *state_.pass;
  if (node_key(report.id) != pass.node || report.identity != pass.identity) return drop_pass();
  if (report.came != pass.came && report.left != pass.left && report.settled != pass.settled) {
    drop_pass();
    state_.is_careful = true;
    return;
  }
  pass.slots.keep(report.at_rest);
  if (pass.slots.empty()) return drop_pass();
  pass.came = report.came;
  pass.left = report.left;
  pass.settled = report.settled;
  pass.cursor = cursor;
  if (cursor == 0) finish_pass();
}

void Walk::finish_pass() {
  state_.done.add(state_.pass->slots);
  state_.pass.reset();
  state_.vain = 0;
  state_.is_careful = false;
  is_over_ = state_.done.all();
}

void Walk::drop_pass() {
  state_.pass.reset();
  note_vain();
}

void Walk::note_vain() {
  state_.vain = static_cast<std::uint8_t>(std::min<int>(state_.vain + 1, vain_max));
}

std::string_view Walk::write(std::span<char, walk_cursor_bytes_max> out) const {
  return is_over_ ? "0" : write_walk_cursor(state_, out);
}

}  // namespace plimsoll::inline v0
