#pragma once

#include <cstdint>

namespace plimsoll {

/// What becomes of a message when there is no room for one more: by count, or by bytes.
enum class OverflowPolicy : std::uint8_t {
  drop_oldest,   ///< those that have waited longest make room: the newest are kept
  drop_newest,   ///< it is lost itself: the oldest are kept
  pause_reading  ///< nothing more is read until there is room: the peer is held up instead
};

}  // namespace plimsoll
