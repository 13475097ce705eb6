#include "plimsoll/demo/cluster/ledger.h"

#include <algorithm>
#include <utility>

namespace plimsoll::demo {

Findings& Findings::operator+=(const Findings& other) {
  out_of_order += other.out_of_order;
  twice += other.twice;
  lost += other.lost;
  phantoms += other.phantoms;
  stale += other.stale;
  early += other.early;
  gone_with_primary += other.gone_with_primary;
  return *this;
}

std::string to_text(const Findings& findings) {
  const std::pair<std::size_t, const char*> all[] = {
      {findings.out_of_order, "out of order"},
      {findings.twice, "twice"},
      {findings.lost, "lost"},
      {findings.phantoms, "ran, and should not have"},
      {findings.stale, "read what was old"},
      {findings.early, "read what came later"}};
  std::string text;
  for (const auto& [count, name] : all) {
    if (count == 0) continue;
    if (!text.empty()) text += ", ";
    text += std::to_string(count) + " " + name;
  }
  return text;
}

std::size_t Ledger::begin() {
  steps_.emplace_back();
  return steps_.size() - 1;
}

void Ledger::settle_count(std::size_t step, Fate fate, std::int64_t reply) {
  steps_[step].count = fate;
  steps_[step].counted = reply;
}

Findings Ledger::audit(std::span<const std::int64_t> list) const {
  Findings findings;
  std::vector<bool> is_there(steps_.size());
  audit_list(list, is_there, findings);
  audit_counts(findings);
  audit_reads(is_there, findings);
  return findings;
}

void Ledger::audit_list(std::span<const std::int64_t> list, std::vector<bool>& is_there,
                        Findings& findings) const {
  std::int64_t latest = -1;
  for (const std::int64_t number : list) {
    if (number < 0 || std::cmp_greater_equal(number, steps_.size())) {
      ++findings.phantoms;
      continue;
    }
    const auto step = static_cast<std::size_t>(number);
    if (is_there[step]) {
      ++findings.twice;
      continue;
    }
    is_there[step] = true;
    if (steps_[step].push == Fate::not_run) ++findings.phantoms;
    // When a request in doubt has run is not promised.
    if (steps_[step].push != Fate::acknowledged) continue;
    if (number < latest) ++findings.out_of_order;
    latest = std::max(latest, number);
  }
  std::size_t gaps = 0;
  bool in_gap = false;
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    if (steps_[step].push != Fate::acknowledged) continue;
    if (!is_there[step] && !in_gap) ++gaps;
    in_gap = !is_there[step];
    if (!in_gap) continue;
    ++(step < died_at_ && gaps <= deaths_ ? findings.gone_with_primary : findings.lost);
  }
}

// Each reply says how many increments have run before it: all that were acknowledged, and some of
// those in doubt. From there on the count is known again.
void Ledger::audit_counts(Findings& findings) const {
  std::int64_t ran = 0;
  std::int64_t doubts = 0;
  std::size_t falls = 0;
  bool may_fall = deaths_ > 0;
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    if (steps_[step].count == Fate::in_doubt) ++doubts;
    if (steps_[step].count != Fate::acknowledged) continue;
    const std::int64_t counted = steps_[step].counted;
    const std::int64_t least = ran + 1;
    const std::int64_t most = least + doubts;
    if (counted > most) findings.twice += static_cast<std::size_t>(counted - most);
    if (counted < least) {
      const auto missing = static_cast<std::size_t>(least - counted);
      (may_fall ? findings.gone_with_primary : findings.lost) += missing;
      ++falls;
    }
    may_fall = falls < deaths_ && step < died_at_;
    ran = counted;
    doubts = 0;
  }
}

void Ledger::audit_reads(const std::vector<bool>& is_there, Findings& findings) const {
  std::int64_t least = not_read;  // the last push that was acknowledged, and is not gone
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    if (steps_[step].push == Fate::acknowledged && is_there[step]) {
      least = static_cast<std::int64_t>(step);
    }
    const std::int64_t read = steps_[step].read;
    if (read == not_read) continue;
    if (read < least) ++findings.stale;
    if (std::cmp_greater(read, step)) ++findings.early;
  }
}

}  // namespace plimsoll::demo
