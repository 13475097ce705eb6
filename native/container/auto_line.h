#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/base/time.h"
#include "plimsoll/native/container/assessment.h"

// Where memory_limit = "auto" draws the line. Time and readings are arguments.
//
// It begins at its full share of the tightest limit. Down it goes fast, by what the container lacks
// and an eighth of the share on top; up slowly, a sixteenth at a time, and the slower the more
// often that had to be taken back. Those who share a container all yield when it is short, each by
// the more the more it has.

namespace plimsoll::native::container {

/// How long the container must have had enough before the line goes up by a step. Doubled, up to
/// the most, when it has to go down again within twice that time; less by the least after a step up
/// that could stay.
inline constexpr Duration raise_patience_min = std::chrono::seconds(10);
inline constexpr Duration raise_patience_max = std::chrono::seconds(160);

/// How often it goes down at most for what the kernel only hints at (events, stalls), while the
/// figures lack nothing. One step's effect should be seen before the next.
inline constexpr Duration hint_pause = std::chrono::seconds(1);

struct AutoBounds {
  std::size_t least = 0;  ///< what the pools need; the line never goes below
  std::size_t full = 0;   ///< the share of the tightest limit, `least` at least
};

/// The share `ratio` of `limit`; where none is known, `otherwise`. Not below `least`.
AutoBounds auto_bounds(double ratio, std::optional<std::uint64_t> limit, std::size_t least,
                       std::size_t otherwise);

class AutoLine {
 public:
  /// The first line, in bytes: all of the share, or what the container has room for; `used` bytes
  /// are used of the line that it takes the place of.
  std::size_t begin(const Assessment& seen, const AutoBounds& bounds, std::size_t used,
                    Instant now);

  /// The next one, of which `used` bytes are used. It does not go up while something cannot be
  /// read.
  std::size_t follow(const Assessment& seen, AutoBounds bounds, std::size_t used, Instant now);

  std::size_t line() const { return line_; }
  std::uint64_t lowered() const { return lowered_; }  ///< how often it went down so far
  std::uint64_t raised() const { return raised_; }

 private:
  std::size_t yielded(const Assessment& seen, const AutoBounds& bounds, std::size_t used) const;
  std::size_t after_yield(const Assessment& seen, const AutoBounds& bounds, std::size_t used,
                          Instant now);
  std::size_t after_calm(const AutoBounds& bounds, Instant now);

  std::size_t line_ = 0;
  std::size_t full_ = 0;
  Duration patience_ = raise_patience_min;
  Instant short_at_ = Instant::min();  // when the container was short last
  Instant raised_at_ = Instant::min();
  Instant lowered_at_ = Instant::min();
  std::uint64_t lowered_ = 0;
  std::uint64_t raised_ = 0;
};

}  // namespace plimsoll::native::container
