#include "plimsoll/core/cluster/primary_choice.h"

#include <algorithm>
#include <cstddef>

namespace plimsoll::inline v0 {
namespace {

using State = SentinelVote::State;

bool is_same_sentinel(const SentinelVote& a, const SentinelVote& b) {
  return a.id == b.id && a.id != SentinelNodeId{};
}

// Whether another of these votes is that of the same sentinel, and counts in place of this one: the
// first that is not absent, or else the first of all.
bool is_repeated(std::span<const SentinelVote* const> votes, std::size_t index) {
  const SentinelVote& vote = *votes[index];
  for (std::size_t i = 0; i < votes.size(); ++i) {
    if (i == index || !is_same_sentinel(*votes[i], vote)) continue;
    const bool other_can_be_asked = votes[i]->state != State::absent;
    const bool can_be_asked = vote.state != State::absent;
    if (other_can_be_asked == can_be_asked ? i < index : other_can_be_asked) return true;
  }
  return false;
}

// How many sentinels say the same as this one.
std::size_t count_of(std::span<const SentinelVote* const> votes, const NodeAddress& primary) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < votes.size(); ++i) {
    const bool agrees = votes[i]->state == State::said && votes[i]->primary == primary;
    if (agrees && !is_repeated(votes, i)) ++count;
  }
  return count;
}

}  // namespace

PrimaryChoice choose_primary(std::span<const SentinelVote* const> votes,
                             const NodeAddress* announced) {
  using Kind = PrimaryChoice::Kind;
  if (announced != nullptr) return {.kind = Kind::chosen, .primary = announced};
  std::size_t known = 0;
  std::size_t nameless = 0;
  std::size_t learned = 0;
  std::size_t named = 0;
  std::size_t unknown = 0;
  bool is_pending = false;
  const NodeAddress* best = nullptr;
  std::size_t best_count = 0;
  for (std::size_t i = 0; i < votes.size(); ++i) {
    const SentinelVote& vote = *votes[i];
    if (is_repeated(votes, i)) continue;
    ++known;
    const bool has_answered = vote.state == State::said || vote.state == State::unknown;
    if (vote.id == SentinelNodeId{} && !vote.was_learned && !has_answered) ++nameless;
    if (vote.was_learned) ++learned;
    is_pending |= vote.state == State::pending;
    if (vote.state == State::unknown) ++unknown;
    if (vote.state != State::said) continue;
    ++named;
    const std::size_t count = count_of(votes, vote.primary);
    if (count <= best_count) continue;
    best = &vote.primary;
    best_count = count;
  }
  known -= std::min(nameless, learned);
  if (best_count * 2 > known) return {.kind = Kind::chosen, .primary = best};
  if (is_pending) return {};
  if (best_count * 2 > named) return {.kind = Kind::chosen, .primary = best};
  if (named > 0) return {.kind = Kind::divided};
  return {.kind = unknown * 2 > known ? Kind::unknown : Kind::unanswered};
}

}  // namespace plimsoll::inline v0
