#include "plimsoll/core/client/due_reads.h"

namespace plimsoll::inline v0 {

bool DueReads::add(RequestId id, Instant move_at) {
  const bool is_later = reads_.empty() || reads_.back().move_at <= move_at;
  const bool has_order = reads_.size() < 2 || is_in_order_;
  if (reads_.push_back({.id = id, .move_at = move_at}) != Queue<Read>::Push::accepted) return false;
  is_in_order_ = has_order && is_later;
  first_at_ = reads_.size() == 1 ? move_at : std::min(first_at_, move_at);
  return true;
}

void DueReads::drop_answered(RequestId answered_until) {
  while (reads_.size() > 1 && reads_.front().id < answered_until) reads_.pop_front();
}

Instant DueReads::next(RequestId answered_until) {
  drop_answered(answered_until);
  if (reads_.empty() || reads_.back().id < answered_until) return never;
  return is_in_order_ ? reads_.front().move_at : first_at_;
}

void DueReads::drop_left() {
  if (is_in_order_) {
    while (!reads_.empty() && reads_.front().move_at == never) reads_.pop_front();
  } else {
    reads_.erase_if([](const Read& read) { return read.move_at == never; });
  }
}

}  // namespace plimsoll::inline v0
