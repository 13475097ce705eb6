#include "plimsoll/core/resp/reply.h"

#include <utility>

namespace plimsoll::inline v0 {

Error Reply::no_room() {
  return Error{.code = ErrorCode::reply_too_large,
               .executed = Executed::yes,
               .what = "no room left in the replies pool to keep the reply"};
}

void Reply::release_buffers() {
  Tape::release(std::exchange(pieces_, nullptr), payer_);
  while (first_ != nullptr) {
    // release() may free the segment, so its link is read before.
    Segment* const next = first_ == last_ ? nullptr : first_->next;
    release(*std::exchange(first_, next));
  }
}

std::size_t Reply::charged_bytes() const {
  std::size_t bytes = nodes_.charged_bytes() + Tape::charged_bytes(pieces_, payer_);
  for (const Segment* segment = first_; segment != nullptr; segment = segment->next) {
    bytes += charge_for(segment->size(), *segment->budget);
    if (segment == last_) break;
  }
  return bytes;
}

}  // namespace plimsoll::inline v0
