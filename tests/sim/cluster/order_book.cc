#include "plimsoll/tests/sim/cluster/order_book.h"

#include <algorithm>

namespace plimsoll::sim {

void OrderBook::note_submitted(std::uint32_t caller, std::string_view key, RequestNumber number) {
  Write& write = pending_[number];
  write.place = {caller, std::string(key)};
  write.submitted_at = ++clock_;
}

void OrderBook::note_ended(RequestNumber number) { pending_.erase(number); }

void OrderBook::note_refused(RequestNumber number, std::uint64_t link, std::uint64_t end) {
  const auto found = pending_.find(number);
  if (found == pending_.end()) return;
  found->second.refusals.push_back({.link = link, .end = end, .heard_at = 0});
}

void OrderBook::note_read(std::uint64_t link, std::uint64_t bytes) {
  const std::uint64_t read = read_[link] += bytes;
  const std::uint64_t now = ++clock_;
  for (auto& [number, write] : pending_) {
    for (Refusal& each : write.refusals) {
      if (each.link == link && each.heard_at == 0 && each.end <= read) each.heard_at = now;
    }
  }
}

bool OrderBook::is_excused(const Write& earlier, const Write& later, std::uint64_t link) {
  return std::any_of(earlier.refusals.begin(), earlier.refusals.end(), [&](const Refusal& each) {
    return each.link == link && (each.heard_at == 0 || later.submitted_at < each.heard_at);
  });
}

RequestNumber OrderBook::note_run(RequestNumber number, std::uint64_t link) {
  const auto found = pending_.find(number);
  if (found == pending_.end()) return 0;
  Write& write = found->second;
  write.has_run = true;
  for (auto each = pending_.begin(); each != found; ++each) {
    const Write& earlier = each->second;
    if (earlier.has_run || earlier.place != write.place) continue;
    if (!is_excused(earlier, write, link)) return each->first;
  }
  return 0;
}

}  // namespace plimsoll::sim
