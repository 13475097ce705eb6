#include "plimsoll/tests/sim/group/write_book.h"

namespace plimsoll::sim {

void WriteBook::note_run(RequestNumber number, std::string_view key, std::size_t server,
                         Survives survives, Instant now) {
  Write& write = of(number);
  by_key_[std::string(key)].push_back(number);
  write.at = now;
  write.sequence = ++sequence_;
  write.server = server;
  write.is_lost = survives == Survives::no;
}

const std::vector<RequestNumber>& WriteBook::of_key(std::string_view key) const {
  static const std::vector<RequestNumber> none;
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? none : found->second;
}

void WriteBook::keep_only(const std::vector<RequestNumber>& history) {
  std::vector<bool> is_kept(writes_.size());
  for (const RequestNumber number : history) {
    if (number < is_kept.size()) is_kept[number] = true;
  }
  for (std::size_t i = 0; i < writes_.size(); ++i) {
    Write& write = writes_[i];
    if (write.sequence == 0 || write.is_lost || is_kept[i]) continue;
    lose(write);
  }
}

void WriteBook::lose_after(std::string_view key, RequestNumber last) {
  const std::uint64_t sequence = find(last).sequence;
  for (const RequestNumber number : of_key(key)) {
    Write& write = of(number);
    if (write.sequence > sequence && !write.is_lost) lose(write);
  }
}

void WriteBook::lose(Write& write) {
  write.is_lost = true;
  if (write.is_acknowledged) ++acknowledged_and_lost_;
}

}  // namespace plimsoll::sim
