#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "plimsoll/native/container/reading.h"

// Judges how much room the container has, over all cgroups around the process. A pure function of
// two readings and the time between them.

namespace plimsoll::inline v0::native::container {

/// Thresholds of headroom: fractions of the limit, with an upper bound in bytes. All processes that
/// share a container use the same thresholds, so they agree on when to lower their limits. Between
/// `low` and `ample` no process changes its limit; otherwise one would raise its limit as soon as
/// another lowers its own.
struct Marks {
  std::uint64_t ample = 0;     ///< at or above it the limit may rise: a quarter, at most 2 GiB
  std::uint64_t low = 0;       ///< below it the limit falls: an eighth, at most 1 GiB
  std::uint64_t critical = 0;  ///< below it the limit falls at once: a 32nd, at most 256 MiB
};
Marks marks_of(std::uint64_t limit);

/// The kernel's own measure (accounting/psi.rst): the percentage of the last ten seconds in which
/// at least one task waited for memory. From this value on the container is short of memory,
/// whatever its usage is. Without a shortage it is 0; systemd-oomd acts from 60 on.
inline constexpr double stalled_percent_low = 10;

enum class Room : std::uint8_t { critical, low, enough, ample };

struct Assessment {
  Room room = Room::ample;

  /// The reason for `room`, for people; empty if it is ample.
  std::string reason{};

  /// How many processes the kernel has killed since `before`, in cgroups that both readings have.
  std::uint64_t kills = 0;

  // The tightest limit and its file. Not set and empty if no limit was found.
  std::optional<std::uint64_t> limit{};
  std::string limit_file{};

  /// The tightest memory.high and its file. Not set and empty if there is none.
  std::optional<std::uint64_t> high{};
  std::string high_file{};

  // The level that is nearest to its limit or its memory.high, by its Marks. Empty and 0 if no
  // level's usage is known.
  std::string place{};
  std::uint64_t usage = 0;
  std::int64_t headroom = 0;  ///< negative: the usage is above memory.high
  std::int64_t margin = 0;    ///< headroom minus Marks::low; negative: this much is lacking

  /// True if something could not be read, so the room may be less than it seems.
  bool is_partial = false;

  std::uint64_t shortage() const { return margin < 0 ? static_cast<std::uint64_t>(-margin) : 0; }
};

/// Returns the bytes until the limit or memory.high of a level that has one. Inactive file pages
/// count as free, because the kernel drops them without a loss. Half of the active file pages count
/// as free: dropping these, such as a program's text or files in use, costs time.
std::int64_t headroom_of(const Level& level);

/// `before` is the previous reading, or `now` again if there was none; `elapsed` is the time
/// between them.
Assessment assess(const Reading& now, const Reading& before, std::chrono::nanoseconds elapsed);

}  // namespace plimsoll::inline v0::native::container
