#include "plimsoll/tests/sim/group/write_book.h"

namespace plimsoll::sim {

void WriteBook::note_run(RequestNumber number, std::size_t server, Survives survives) {
  Write& write = of(number);
  write.sequence = ++sequence_;
  write.server = server;
  write.is_lost = survives == Survives::no;
}

void WriteBook::keep_only(const std::vector<RequestNumber>& history) {
  std::vector<bool> is_kept(writes_.size());
  for (const RequestNumber number : history) {
    if (number < is_kept.size()) is_kept[number] = true;
  }
  for (std::size_t i = 0; i < writes_.size(); ++i) {
    Write& write = writes_[i];
    if (write.sequence == 0 || write.is_lost || is_kept[i]) continue;
    write.is_lost = true;
    if (write.is_acknowledged) ++acknowledged_and_lost_;
  }
}

}  // namespace plimsoll::sim
