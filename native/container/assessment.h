#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "plimsoll/native/container/reading.h"

// How much room the container has, as one judgement over all levels around the process. Pure: of
// two readings and the time between them.

namespace plimsoll::native::container {

/// How much headroom is how good: parts of the limit, and bytes above which no more is asked for,
/// however large the limit. Those who share a container go by the same marks, so that they agree
/// on when to yield; between `low` and `ample` nobody moves, which keeps them from taking turns.
struct Marks {
  std::uint64_t ample = 0;     ///< from here on the line may grow: a quarter, 2 GiB at most
  std::uint64_t low = 0;       ///< below it the line yields: an eighth, 1 GiB at most
  std::uint64_t critical = 0;  ///< below it the line yields at once: a 32nd, 256 MiB at most
};
Marks marks_of(std::uint64_t limit);

/// The kernel's own judgement (accounting/psi.rst): from this part of ten seconds on, spent by at
/// least one task waiting for memory, in percent, the container is short of it, whatever its
/// figures say. Where no memory is missing it is 0; systemd-oomd acts from 60 on.
inline constexpr double stalled_percent_low = 10;

enum class Room : std::uint8_t { critical, low, enough, ample };

struct Assessment {
  Room room = Room::ample;

  /// Why the room is what it is, for people; empty while it is ample.
  std::string reason{};

  /// Processes that the kernel killed since `before`, of the cgroups that both readings know.
  std::uint64_t kills = 0;

  // Of the level with the tightest limit; none and empty: none was found.
  std::optional<std::uint64_t> limit{};
  std::string limit_file{};

  /// The tightest memory.high, likewise.
  std::optional<std::uint64_t> high{};
  std::string high_file{};

  // Of the level that is nearest to its limit, or to its memory.high, by its marks; 0 and empty:
  // there is none of which the usage is known.
  std::string place{};
  std::uint64_t usage = 0;
  std::int64_t headroom = 0;  ///< negative: it is above memory.high
  std::int64_t margin = 0;    ///< of the headroom, what is beyond Marks::low; negative: is lacking

  /// Something could not be read: it may be worse than it seems.
  bool is_partial = false;

  std::uint64_t shortage() const { return margin < 0 ? static_cast<std::uint64_t>(-margin) : 0; }
};

/// Bytes until the limit or memory.high of a level that has one. What the kernel drops without a
/// loss counts as free, and half of what it drops at a price: a program's text, files in use.
std::int64_t headroom_of(const Level& level);

/// `before`: the last reading, or the same one where there was none; `elapsed` between the two.
Assessment assess(const Reading& now, const Reading& before, std::chrono::nanoseconds elapsed);

}  // namespace plimsoll::native::container
