#include "plimsoll/tests/core/resp/reading.h"

#include <algorithm>
#include <cstring>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/resp/model.h"

namespace plimsoll::testing {
namespace {

// A simple string that takes `size` bytes on the wire. There is one of each size, unlike a filler.
std::string line(std::size_t size) { return "+" + std::string(size - 3, 'f') + "\r\n"; }

}  // namespace

ReplyMemory::ReplyMemory(const BudgetOptions& options)
    : budget(options, memory),
      account(budget.open_account(PoolKind::replies)),
      idle_bytes(budget.statistics().used) {}

std::size_t ReplyMemory::bytes_in_use() {
  budget.reclaim();
  return budget.statistics().used - idle_bytes;
}

std::size_t Reading::feed(std::string_view bytes) {
  std::size_t fed = 0;
  while (fed < bytes.size() && !error_) {
    const std::span<char> room = reader_.read_space();
    if (room.empty()) return fed;
    const std::size_t taken = std::min(room.size(), bytes.size() - fed);
    fill(room, bytes.substr(fed, taken));
    take_frames();
    fed += taken;
  }
  return fed;
}

std::size_t Reading::feed_across_buffers(std::string_view bytes, std::size_t room,
                                         SegmentSize size) {
  if (size == SegmentSize::whole) {
    fill_small_buffer(reader_);
    skipped_bytes_ = small_segment_capacity;
  }
  const std::span<char> buffer = reader_.read_space();
  if (buffer.size() < capacity_of(size)) return 0;
  room = std::min(room, buffer.size() - line(3).size());
  const std::size_t skipped_bytes = buffer.size() - room;
  const std::string skipped =
      skipped_bytes <= line_bytes_max ? line(skipped_bytes) : filler(skipped_bytes);
  skipped_bytes_ += skipped_bytes;
  const std::string_view first = bytes.substr(0, room);
  fill(buffer, skipped + std::string(first));
  PLIMSOLL_CHECK(reader_.next(false) == Reader::Poll::frame);
  take_frames();
  return first.size() + feed(bytes.substr(first.size()));
}

void fill_small_buffer(Reader& reader) {
  const std::span<char> room = reader.read_space();
  PLIMSOLL_CHECK(room.size() == small_segment_capacity);
  std::memcpy(room.data(), filler(room.size()).data(), room.size());
  reader.handle_read(room.size());
  PLIMSOLL_CHECK(reader.next(false) == Reader::Poll::frame);
  PLIMSOLL_CHECK(reader.next(true) == Reader::Poll::need_more);
}

void Reading::fill(std::span<char> room, std::string_view bytes) {
  std::memcpy(room.data(), bytes.data(), bytes.size());
  reader_.handle_read(bytes.size());
}

void Reading::take_frames() {
  for (;;) {
    switch (reader_.next(replies_ == Replies::wanted)) {
      case Reader::Poll::need_more: return;
      case Reader::Poll::failed:
        error_ = reader_.error();
        error_->offset -= skipped_bytes_;
        return;
      case Reader::Poll::frame: frames_.push_back(shown_frame()); break;
    }
  }
}

std::string Reading::dropped_at() const {
  return std::to_string(reader_.dropped_at() - skipped_bytes_);
}

std::string Reading::shown_frame() {
  switch (reader_.dropped()) {
    case Parser::Drop::unwanted: return "(unwanted)";
    case Parser::Drop::too_large: return "(too large)";
    case Parser::Drop::too_deep: return "(nested too deeply at " + dropped_at() + ")";
    case Parser::Drop::long_line: return "(line too long at " + dropped_at() + ")";
    case Parser::Drop::none: break;
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

std::string Reading::end() const {
  if (error_) return "error at " + show(*error_);
  return reader_.in_frame() ? "..." : "";
}

std::string Reading::outcome() const {
  std::string out;
  const auto add = [&out](const std::string& part) { out += (out.empty() ? "" : "; ") + part; };
  for (const std::string& frame : frames_) add(frame);
  if (const std::string last = end(); !last.empty()) add(last);
  return out;
}

std::string filler(std::size_t size) {
  for (std::size_t digits = 1;; ++digits) {
    const std::size_t body = size - digits - 5;
    const std::string length = std::to_string(body);
    if (length.size() == digits) return "$" + length + "\r\n" + std::string(body, 'f') + "\r\n";
  }
}

std::string show(const Error& error) {
  std::string out = std::to_string(error.offset) + ": " + error.what;
  if (error.expected != nullptr) out += std::string("; expected ") + error.expected;
  return out;
}

}  // namespace plimsoll::testing
