#include "plimsoll/tests/core/resp/reading.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "plimsoll/tests/core/resp/model.h"

namespace plimsoll::testing {

ReplyMemory::ReplyMemory(const BudgetOptions& options)
    : budget(options, memory),
      account(budget.open_account(PoolKind::replies)),
      idle_bytes(budget.statistics().used) {}

std::size_t ReplyMemory::bytes_in_use() {
  budget.segments().reclaim();
  budget.chunks().reclaim();
  return budget.statistics().used - idle_bytes;
}

void Reading::feed(std::string_view bytes) {
  while (!bytes.empty() && !error_ && !dry_) {
    const std::span<char> room = reader_.read_space();
    const std::size_t taken = std::min(room.size(), bytes.size());
    dry_ = taken == 0;
    std::memcpy(room.data(), bytes.data(), taken);
    reader_.handle_read(taken);
    bytes.remove_prefix(taken);
    take_frames();
  }
}

void Reading::take_frames() {
  for (;;) {
    switch (reader_.next(replies_ == Replies::wanted)) {
      case Reader::Poll::need_more:
        return;
      case Reader::Poll::failed:
        error_ = reader_.error();
        return;
      case Reader::Poll::frame:
        frames_.push_back(shown_frame());
        break;
    }
  }
}

std::string Reading::shown_frame() {
  switch (reader_.dropped()) {
    case Parser::Drop::unwanted:
      return "(unwanted)";
    case Parser::Drop::too_large:
      return "(too large)";
    case Parser::Drop::none:
      break;
  }
  std::string viewed = show(reader_.value());
  if (reader_.is_push() != (reader_.value().type() == Type::push)) viewed += " (is_push() differs)";
  const Result<Reply> kept = reader_.keep();
  // Where memory is too short to keep it, there is nothing to compare.
  if (kept.ok() && show(kept->value()) != viewed) {
    viewed += " (kept: " + show(kept->value()) + ")";
  }
  return viewed;
}

std::string Reading::outcome() const {
  std::string out;
  for (const std::string& frame : frames_) out += (out.empty() ? "" : "; ") + frame;
  if (error_) return out + (out.empty() ? "" : "; ") + "error at " + show(*error_);
  if (dry_) return out + " (no room)";
  return reader_.in_frame() ? out + (out.empty() ? "" : "; ") + "..." : out;
}

std::string show(const Error& error) {
  std::string out = std::to_string(error.offset) + ": " + error.what;
  if (error.expected != nullptr) out += std::string("; expected ") + error.expected;
  return out;
}

}  // namespace plimsoll::testing
