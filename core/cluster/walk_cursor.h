#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/cluster/slot_set.h"

// The cursor of a walk over all keys of a cluster (walk.h) as text: all that is known of a walk
// between two of its pages. The user's code has it meanwhile, so the client holds nothing.
//
//   "0"             a walk that has not begun, or is over, as at a single server
//   "walk1-DAAB..." all others
//
// Behind the hyphen are bytes in base64url without padding (RFC 4648, section 5): flags, the count
// of vain attempts, the slots that are done, the present pass, and a checksum of 32 bits. Slots are
// written as ranges, or as a bitmap where that is shorter. One encoding for all of it is shorter
// than readable ranges, and leaves one bound to keep.

namespace plimsoll::inline v0 {

/// A pass over one node: SCAN from its beginning to its end.
struct WalkPass {
  enum class Stage : std::uint8_t {
    scanning,
    ended  ///< all pages are there; the node is asked once more whether its slots are at rest
  };

  std::uint64_t node = 0;  ///< node_key() of its id
  std::uint64_t identity = 0;
  std::uint64_t came = 0;  ///< see SelfReport, for these four
  std::uint64_t left = 0;
  std::uint64_t settled = 0;
  std::uint64_t cursor = 0;  ///< the node's own
  Stage stage = Stage::scanning;
  SlotSet slots{};  ///< those that will be done if they stay at rest; not empty

  friend bool operator==(const WalkPass&, const WalkPass&) = default;
};

struct WalkState {
  SlotSet done{};
  /// How many times in a row something was tried without a slot that is done for it.
  std::uint8_t vain = 0;
  /// Keys may have left the node of the last pass and come back unseen. So the node is asked for a
  /// report with each page now.
  bool is_careful = false;
  std::optional<WalkPass> pass{};

  friend bool operator==(const WalkState&, const WalkState&) = default;
};

/// The longest text of a cursor.
inline constexpr std::size_t walk_cursor_bytes_max = 5600;

/// Reads the text into `state`, which is large. Fails with invalid_argument if the text is no
/// cursor that write_walk_cursor() has written: it was cut off or changed, or is that of a single
/// server.
Status read_walk_cursor(std::string_view text, WalkState& state);

/// Writes the text into `out`, which has room for walk_cursor_bytes_max, and returns it. Never "0".
std::string_view write_walk_cursor(const WalkState& state,
                                   std::span<char, walk_cursor_bytes_max> out);

}  // namespace plimsoll::inline v0
