#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/base/time.h"
#include "plimsoll/native/container/assessment.h"

// The memory limit that memory_limit = "auto" sets ("the line"). Time and readings are arguments.
//
// The line begins at its full share of the container's tightest limit. It falls fast: by what the
// container lacks plus an eighth of the share. It rises slowly, a sixteenth at a time, and more
// slowly each time a rise had to be taken back. If several processes share a container that is
// short of memory, all of their lines fall, a larger line by more.
//
// Invariants: AutoBounds::least <= line() <= AutoBounds::full. While something cannot be read, the
// share does not grow and the line takes no step up.

namespace plimsoll::inline v0::native::container {

/// How long the container must have had ample room before the line rises by a step. This wait
/// doubles, up to the maximum, if the line has to fall again within twice the wait. It shrinks by
/// the minimum after a step that was not taken back.
inline constexpr Duration raise_patience_min = std::chrono::seconds(10);
inline constexpr Duration raise_patience_max = std::chrono::seconds(160);

/// The shortest time between two falls that only the kernel's hints (events, stalls) cause, while
/// there is enough headroom: the effect of one step should be visible before the next.
inline constexpr Duration hint_pause = std::chrono::seconds(1);

struct AutoBounds {
  std::size_t least = 0;  ///< what the pools need; the line is never lower
  std::size_t full = 0;   ///< the share of the tightest limit, but not below `least`
};

/// Returns the bounds for a share `ratio` of `limit`, or for `otherwise` if no limit is known.
AutoBounds auto_bounds(double ratio, std::optional<std::uint64_t> limit, std::size_t least,
                       std::size_t otherwise);

class AutoLine {
 public:
  /// Returns the first line, in bytes: the full share, or what the container has room for. `used`
  /// bytes are in use under the limit that it replaces.
  std::size_t begin(const Assessment& seen, const AutoBounds& bounds, std::size_t used,
                    Instant now);

  /// Returns the next line; `used` bytes of the current one are in use.
  std::size_t follow(const Assessment& seen, AutoBounds bounds, std::size_t used, Instant now);

  std::size_t line() const { return line_; }
  std::uint64_t lowered() const { return lowered_; }  ///< how often the line fell so far
  std::uint64_t raised() const { return raised_; }

 private:
  std::size_t yielded(const Assessment& seen, const AutoBounds& bounds, std::size_t used) const;
  std::size_t after_yield(const Assessment& seen, const AutoBounds& bounds, std::size_t used,
                          Instant now);
  std::size_t after_calm(const AutoBounds& bounds, Instant now);

  std::size_t line_ = 0;
  std::size_t full_ = 0;
  Duration patience_ = raise_patience_min;
  Instant short_at_ = Instant::min();  // when the container was last short of memory
  Instant raised_at_ = Instant::min();
  Instant lowered_at_ = Instant::min();
  std::uint64_t lowered_ = 0;
  std::uint64_t raised_ = 0;
};

}  // namespace plimsoll::inline v0::native::container
