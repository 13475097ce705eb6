#include "plimsoll/core/resp/reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/memory/budget.h"

namespace plimsoll {
namespace {

// Less room than this is not worth a system call: take the next segment instead.
constexpr std::size_t read_space_min = 2048;

}  // namespace

Reader::Reader(Account& replies, const ReaderOptions& options)
    : replies_(replies), options_(options), tape_(replies), parser_(tape_) {}

Reader::~Reader() { reset(); }

std::span<char> Reader::read_space(Reserve reserve) {
  const std::span<char> room = find_room(reserve);
  // The reserve goes to somebody else once the frame is over: of the next one nothing may be there.
  const bool in_reserve = last_ != nullptr && last_->payer == nullptr;
  const bool shares = options_.spares_reserve || replies_.budget().progress_reserve().is_wanted();
  if (!in_reserve || !shares) return room;
  const std::size_t missing = parser_.missing_bytes_min(static_cast<std::size_t>(end_ - at_));
  return room.first(std::min(room.size(), missing));
}

std::span<char> Reader::find_room(Reserve reserve) {
  if (last_ != nullptr) {
    const auto room = static_cast<std::size_t>(last_->end() - end_);
    const bool promised = parser_.in_payload() && room > 0;
    lent_ = promised || room >= read_space_min;
    if (lent_) return {end_, room};
  }
  Segment* segment = acquire(reserve);
  if (segment == nullptr && skip_for_lack_of_room()) segment = acquire(reserve);
  if (segment == nullptr) return {};
  if (segment != last_) move_rest_to(*segment);
  lent_ = true;
  return {end_, static_cast<std::size_t>(last_->end() - end_)};
}

// The segment to fill next: a new one, or the last one again if nothing refers to what is in it.
Segment* Reader::acquire(Reserve reserve) {
  const bool recorded = frame_ready_ || (partial_ && parser_.dropped() == Parser::Drop::none);
  if (last_ != nullptr && !recorded && last_->holders.load(std::memory_order_acquire) == 1) {
    const auto rest = static_cast<std::size_t>(end_ - at_);
    if (rest > 0) std::memmove(last_->begin(), at_, rest);
    at_ = last_->begin();
    end_ = last_->begin() + rest;
    return last_;
  }
  if (Segment* const segment = acquire_segment(replies_)) return segment;
  if (reserve == Reserve::leave && !touches_reserve()) return nullptr;
  return replies_.budget().progress_reserve().take(this);
}

// With the pool dry and the reserve used up by this very frame, nothing but skipping helps.
bool Reader::skip_for_lack_of_room() {
  const bool recording = partial_ && parser_.dropped() == Parser::Drop::none;
  if (!recording || frame_ready_ || !touches_reserve()) return false;
  parser_.drop(Parser::Drop::too_large);
  release_before_last();
  return true;
}

void Reader::move_rest_to(Segment& segment) {
  const auto rest = static_cast<std::size_t>(end_ - at_);
  if (rest > 0) std::memcpy(segment.begin(), at_, rest);
  const bool recorded = frame_ready_ || (partial_ && parser_.dropped() == Parser::Drop::none);
  if (last_ != nullptr && recorded) {
    last_->next = &segment;
  } else {
    release_before_last();
    if (last_ != nullptr) release_last();
    first_ = &segment;
  }
  last_ = &segment;
  at_ = segment.begin();
  end_ = segment.begin() + rest;
}

void Reader::handle_read(std::size_t count) {
  PLIMSOLL_CHECK(last_ != nullptr && count <= static_cast<std::size_t>(last_->end() - end_));
  end_ += count;
  lent_ = false;
}

Reader::Poll Reader::next(bool replies_wanted) {
  if (frame_ready_) {
    frame_ready_ = false;
    release_before_last();
  }
  if (last_ == nullptr) return Poll::need_more;
  if (at_ == end_ && !partial_) {
    if (lent_) return Poll::need_more;
    // Nothing is left in the buffer: start it afresh, or leave it to a reply that was kept.
    if (last_->payer == nullptr || last_->holders.load(std::memory_order_acquire) != 1) {
      release_last();
    } else {
      at_ = end_ = last_->begin();
    }
    return Poll::need_more;
  }
  if (!partial_) {
    if (replies_wanted && parser_.parse_short_frame(at_, end_, options_.reply_bytes_max)) {
      frame_ready_ = true;
      return Poll::frame;
    }
    parser_.begin_frame(options_.reply_bytes_max);
    partial_ = true;
  }
  parser_.set_replies_wanted(replies_wanted);
  const Parser::Outcome outcome = parser_.parse(at_, end_, last_->end());
  if (outcome == Parser::Outcome::failed) return Poll::failed;
  if (parser_.frame_bytes() + tape_.charged_bytes() > options_.reply_bytes_max) {
    parser_.drop(Parser::Drop::too_large);
  }
  if (parser_.dropped() != Parser::Drop::none) release_before_last();
  if (outcome == Parser::Outcome::need_more) {
    // Of a frame that nobody reads, nothing needs to stay: least of all in the reserve.
    const bool dropped = parser_.dropped() != Parser::Drop::none;
    if (dropped && at_ == end_ && !lent_) release_last();
    return Poll::need_more;
  }
  partial_ = false;
  frame_ready_ = true;
  return Poll::frame;
}

Reader::Half Reader::half() const {
  if (!partial_ || !parser_.is_type_known()) return Half::unknown;
  const Type type = parser_.frame_type();
  if (type == Type::push) return Half::push;
  return type == Type::simple_error || type == Type::bulk_error ? Half::error : Half::reply;
}

// Of an error whose words are gone nobody knows what it refused.
Error Reader::dropped_error() const {
  const Type type = parser_.frame_type();
  const bool is_error = type == Type::simple_error || type == Type::bulk_error;
  Error error{.code = ErrorCode::reply_too_large,
              .executed = is_error ? Executed::maybe : Executed::yes};
  switch (parser_.dropped()) {
    case Parser::Drop::too_deep:
      error.what = "aggregates of the reply are nested too deeply, and it was skipped";
      error.expected = "at most nesting_depth_max (64) levels";
      error.offset = parser_.dropped_at();
      break;
    case Parser::Drop::long_line:
      error.what = "a simple string, error or big number of the reply is too long: it was skipped";
      error.expected = "at most line_bytes_max (16384) bytes";
      error.offset = parser_.dropped_at();
      break;
    case Parser::Drop::none:
    case Parser::Drop::unwanted:
    case Parser::Drop::too_large:
      error.what = "the reply did not fit reply_bytes_max or the replies pool, and was skipped";
      error.value = parser_.frame_bytes();
      break;
  }
  return error;
}

void Reader::reset() {
  release_before_last();
  if (last_ != nullptr) release_last();
  lent_ = frame_ready_ = partial_ = false;
  parser_.reset();
}

void Reader::release_idle() {
  if (last_ == nullptr || lent_ || frame_ready_ || partial_ || at_ != end_) return;
  release_last();
}

void Reader::release_before_last() {
  while (first_ != last_) {
    Segment* const next = first_->next;
    release(*std::exchange(first_, next));
  }
}

void Reader::release_last() {
  release(*last_);
  first_ = last_ = nullptr;
  at_ = end_ = nullptr;
}

bool Reader::touches_reserve() const {
  for (const Segment* segment = first_; segment != nullptr; segment = segment->next) {
    if (segment->payer == nullptr) return true;
    if (segment == last_) break;
  }
  return false;
}

}  // namespace plimsoll
