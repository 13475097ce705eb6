#include "plimsoll/core/session/request_log.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {
namespace {

// A log with no more than this to keep goes on with another small segment: most of that will be
// filled after these bytes are gone. With more, the small segments of a deep pipeline would come
// and go several times in each round trip.
constexpr std::size_t sparse_bytes_max = small_segment_capacity / 4;

std::size_t segments_for(std::size_t size) {
  return (size + segment_capacity - 1) / segment_capacity;
}

}  // namespace

RequestLog::~RequestLog() { clear(); }

void RequestLog::clear() {
  while (first_ != nullptr) {
    Segment* const next = first_->next;
    release(*first_);
    first_ = next;
  }
  last_ = nullptr;
}

bool RequestLog::make_room(std::size_t size) {
  if (size <= room_in_last()) return true;
  return std::uint64_t{size} <= request_bytes_max && add_room(size);
}

void RequestLog::release_room() {
  Segment* last_used = nullptr;
  Segment** link = &first_;
  while (*link != nullptr && (*link)->filled > 0) {
    last_used = *link;
    link = &last_used->next;
  }
  last_ = last_used;
  for (Segment* empty = std::exchange(*link, nullptr); empty != nullptr;) {
    Segment* const next = empty->next;
    release(*empty);
    empty = next;
  }
}

std::uint64_t RequestLog::append_to_new(const CommandView& command) {
  const std::uint64_t begin = end_;
  const std::size_t size = encoded_size(command);
  if (size <= room_in_last()) return write_whole(command);
  if (std::uint64_t{size} > request_bytes_max) return no_room;
  if (!has_empty_segments() && !add_room(size)) return no_room;
  if (size <= segment_capacity) {
    PLIMSOLL_CHECK(size <= room_in_last());
    return write_whole(command);
  }
  encode_in_parts(command, [this](std::string_view part) { write(part); });
  PLIMSOLL_CHECK(end_ == begin + size);
  return begin;
}

// Adds empty segments for a request of `size` bytes, or none.
bool RequestLog::add_room(std::size_t size) {
  if (size > small_segment_capacity) return add_segments(segments_for(size), SegmentSize::whole);
  const SegmentSize next = next_size();
  if (add_segments(1, next)) return true;
  // Where memory is short, a small segment is better than to wait.
  return next == SegmentSize::whole && add_segments(1, SegmentSize::small);
}

SegmentSize RequestLog::next_size() const {
  if (first_ == nullptr) return streams_ ? SegmentSize::whole : SegmentSize::small;
  std::size_t live = 0;
  for (const Segment* segment = first_; segment != nullptr; segment = segment->next) {
    live += segment->live;
    if (live > sparse_bytes_max) return SegmentSize::whole;
  }
  return SegmentSize::small;
}

// Notes, as the log becomes empty, what its next requests are likely to need. `last` is the segment
// that it had last. If the log had begun with a small segment, a whole one came because that was
// not enough.
void RequestLog::note_drained(const Segment& last) {
  const bool is_whole = last.size() == SegmentSize::whole;
  streams_ = is_whole && (!streams_ || last.filled > small_segment_capacity);
}

// What can never fit is refused before the segments that it would get are taken, and given back.
bool RequestLog::can_ever_add(std::size_t count, SegmentSize size) const {
  Budget& budget = requests_.budget();
  return count * charge_for(size, budget) <= budget.limit(PoolKind::requests);
}

// Whether the log, which is not empty, may have as much more.
bool RequestLog::may_add(std::size_t count, SegmentSize size) const {
  Budget& budget = requests_.budget();
  std::size_t bytes = count * charge_for(size, budget);
  for (const Segment* segment = first_; segment != nullptr; segment = segment->next) {
    bytes += charge_for(segment->size(), budget);
  }
  const std::size_t most = budget.share(PoolKind::requests) / (leaves_half_ ? 2 : 1);
  return bytes <= (parts_ == parts_count ? most : most / parts_count * parts_);
}

// Adds `count` empty segments, or none. The first of them is filled next.
bool RequestLog::add_segments(std::size_t count, SegmentSize size) {
  if (count > 1 && !can_ever_add(count, size)) return false;
  if (is_bounded_ && first_ != nullptr && !may_add(count, size)) return false;
  Segment* first = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    Segment* const segment = acquire_segment(requests_, size);
    if (segment == nullptr) {
      while (first != nullptr) {
        Segment* const next = first->next;
        release(*first);
        first = next;
      }
      return false;
    }
    segment->next = first;
    first = segment;
  }
  (last_ == nullptr ? first_ : last_->next) = first;
  last_ = first;
  last_->position = end_;
  return true;
}

void RequestLog::write(std::string_view bytes) {
  const bool deferred = is_deferred(bytes);
  while (!bytes.empty()) {
    if (last_->filled == last_->capacity) {
      last_ = last_->next;
      last_->position = end_;
    }
    const std::size_t part = std::min<std::size_t>(bytes.size(), last_->capacity - last_->filled);
    if (!deferred) std::memcpy(last_->begin() + last_->filled, bytes.data(), part);
    last_->filled += static_cast<std::uint32_t>(part);
    last_->live += static_cast<std::uint32_t>(part);
    end_ += part;
    bytes.remove_prefix(part);
  }
}

std::size_t RequestLog::collect(std::uint64_t begin, std::uint64_t end,
                                std::span<std::string_view> spans) const {
  std::size_t count = 0;
  const Segment* segment = first_;
  while (begin < end && count < spans.size()) {
    PLIMSOLL_CHECK(segment != nullptr);
    const std::uint64_t segment_end = segment->position + segment->filled;
    if (begin < segment_end) {
      const auto from = static_cast<std::size_t>(begin - segment->position);
      const auto size = static_cast<std::size_t>(std::min(end, segment_end) - begin);
      spans[count++] = {const_cast<Segment*>(segment)->begin() + from, size};
      begin += size;
    }
    segment = segment->next;
  }
  return count;
}

std::size_t RequestLog::live_bytes() const {
  std::size_t live = 0;
  for (const Segment* segment = first_; segment != nullptr; segment = segment->next) {
    PLIMSOLL_CHECK(segment->live <= segment->filled && segment->filled <= segment->capacity);
    PLIMSOLL_CHECK(segment->live > 0);
    live += segment->live;
  }
  return live;
}

void RequestLog::give_up(std::uint64_t begin, std::uint64_t end) {
  Segment* before = nullptr;
  for (Segment* segment = first_; segment != nullptr && segment->position < end;) {
    Segment* const next = segment->next;
    const std::uint64_t from = std::max(begin, segment->position);
    const std::uint64_t to = std::min(end, segment->position + segment->filled);
    if (from < to) {
      const auto size = static_cast<std::uint32_t>(to - from);
      PLIMSOLL_CHECK(size <= segment->live);
      segment->live -= size;
    }
    if (segment->live == 0) {
      (before == nullptr ? first_ : before->next) = next;
      if (last_ == segment) last_ = before;
      if (first_ == nullptr) note_drained(*segment);
      release(*segment);
    } else {
      before = segment;
    }
    segment = next;
  }
}

}  // namespace plimsoll::inline v0
