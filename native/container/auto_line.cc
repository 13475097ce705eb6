#include "plimsoll/native/container/auto_line.h"

#include <algorithm>

namespace plimsoll::inline v0::native::container {
namespace {

constexpr std::size_t steps_down = 8;  // of the full share, in addition to what the container lacks
constexpr std::size_t steps_up = 16;

}  // namespace

AutoBounds auto_bounds(double ratio, std::optional<std::uint64_t> limit, std::size_t least,
                       std::size_t otherwise) {
  const auto share = static_cast<std::size_t>(static_cast<double>(limit.value_or(0)) * ratio);
  return {.least = least, .full = std::max(limit ? share : otherwise, least)};
}

std::size_t AutoLine::begin(const Assessment& seen, const AutoBounds& bounds, std::size_t used,
                            Instant now) {
  *this = AutoLine();
  full_ = bounds.full;
  line_ = full_;
  if (!seen.place.empty()) {
    // The container's usage already includes `used`, so the line may be that plus the headroom
    // beyond Marks::low.
    const auto room = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, seen.margin + static_cast<std::int64_t>(used)));
    line_ = static_cast<std::size_t>(std::clamp<std::uint64_t>(room, bounds.least, full_));
  }
  if (line_ < full_) short_at_ = now;
  return line_;
}

std::size_t AutoLine::follow(const Assessment& seen, AutoBounds bounds, std::size_t used,
                             Instant now) {
  if (seen.is_partial) bounds.full = std::max(std::min(bounds.full, full_), bounds.least);
  const std::size_t before = line_;
  const bool was_full = line_ >= full_;
  full_ = bounds.full;
  line_ = std::clamp(line_, bounds.least, full_);
  if (seen.room <= Room::low) {
    line_ = after_yield(seen, bounds, used, now);
  } else if (seen.room == Room::ample && !seen.is_partial) {
    line_ = was_full ? full_ : after_calm(bounds, now);
  }
  if (line_ < before) ++lowered_;
  if (line_ > before) ++raised_;
  return line_;
}

std::size_t AutoLine::after_yield(const Assessment& seen, const AutoBounds& bounds,
                                  std::size_t used, Instant now) {
  const bool is_hint = seen.shortage() == 0 && seen.room == Room::low;
  if (is_hint && now < after(lowered_at_, hint_pause)) return line_;
  // The last rise was too much, so the next one waits longer.
  if (raised_at_ > short_at_ && now < after(raised_at_, 2 * patience_)) {
    patience_ = std::min(2 * patience_, raise_patience_max);
  }
  short_at_ = now;
  lowered_at_ = now;
  return yielded(seen, bounds, used);
}

// Returns the line after a fall. The line is below `used`, because otherwise nothing would be given
// back. If the room is low but not critical, the fall is proportional to the line, so that
// processes that share a container end up with similar lines, and is at most half of the line,
// since that may already be enough.
std::size_t AutoLine::yielded(const Assessment& seen, const AutoBounds& bounds,
                              std::size_t used) const {
  std::uint64_t drop = bounds.full / steps_down + seen.shortage();
  if (seen.room == Room::low) {
    const double part = static_cast<double>(line_) / static_cast<double>(bounds.full);
    drop = static_cast<std::uint64_t>(static_cast<double>(drop) * part) + 1;
  }
  const std::uint64_t from = std::min(line_, used);
  std::uint64_t next = from - std::min(from, drop);
  if (seen.room == Room::low) next = std::max<std::uint64_t>(next, line_ / 2);
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(next, bounds.least, line_));
}

std::size_t AutoLine::after_calm(const AutoBounds& bounds, Instant now) {
  if (now < after(std::max(short_at_, raised_at_), patience_)) return line_;
  if (line_ >= bounds.full) return line_;
  if (raised_at_ > short_at_) {
    patience_ = std::max(patience_ - raise_patience_min, raise_patience_min);
  }
  raised_at_ = now;
  return std::min(bounds.full, line_ + bounds.full / steps_up + 1);
}

}  // namespace plimsoll::inline v0::native::container
