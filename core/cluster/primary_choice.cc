#include "plimsoll/core/cluster/primary_choice.h"

#include <algorithm>
#include <cstddef>

namespace plimsoll::inline v0 {
namespace {

using State = SentinelVote::State;

bool is_same_sentinel(const SentinelVote& a, const SentinelVote& b) {
  return a.id == b.id && a.id != SentinelNodeId{};
}

// Whether a vote before this one is that of the same sentinel.
bool is_repeated(std::span<const SentinelVote* const> votes, std::size_t index) {
  const SentinelVote& vote = *votes[index];
  const auto before = votes.first(index);
  const auto others = votes.subspan(index + 1);
  const auto is_same = [&vote](const SentinelVote* other) { return is_same_sentinel(*other, vote); };
  if (vote.state == State::absent && std::any_of(others.begin(), others.end(), is_same)) return true;
  return std::any_of(before.begin(), before.end(), [&](const SentinelVote* other) {
    return is_same(other) && other->state != State::absent;
  });
}

}  // namespace

PrimaryChoice choose_primary(std::span<const SentinelVote* const> votes,
                             const NodeAddress* announced) {
  using Kind = PrimaryChoice::Kind;
  if (announced != nullptr) return {.kind = Kind::chosen, .primary = announced};
  std::size_t known = 0;
  std::size_t named = 0;
  std::size_t unknown = 0;
  bool is_pending = false;
  const NodeAddress* best = nullptr;
  std::size_t best_count = 0;
  for (std::size_t i = 0; i < votes.size(); ++i) {
    if (is_repeated(votes, i)) continue;
    ++known;
    is_pending |= votes[i]->state == State::pending;
    if (votes[i]->state == State::unknown) ++unknown;
    if (votes[i]->state != State::said) continue;
    ++named;
    std::size_t count = 0;
    for (std::size_t j = 0; j < votes.size(); ++j) {
      const bool agrees =
          votes[j]->state == State::said && votes[j]->primary == votes[i]->primary;
      if (agrees && !is_repeated(votes, j)) ++count;
    }
    if (count <= best_count) continue;
    best = &votes[i]->primary;
    best_count = count;
  }
  if (best_count * 2 > known) return {.kind = Kind::chosen, .primary = best};
  if (is_pending) return {};
  if (best_count * 2 > named) return {.kind = Kind::chosen, .primary = best};
  if (named > 0) return {.kind = Kind::divided};
  return {.kind = unknown * 2 > known ? Kind::unknown : Kind::unanswered};
}

}  // namespace plimsoll::inline v0
