#pragma once

#include <cstdint>

namespace plimsoll::inline v0 {

/// What happens when there is no room for one more message, by count or by bytes.
enum class OverflowPolicy : std::uint8_t {
  drop_oldest,   ///< drops the messages that have waited longest; the newest are kept
  drop_newest,   ///< drops the new message; the oldest are kept
  pause_reading  ///< drops nothing: the client stops reading until there is room, and the peer
                 ///< waits
};

}  // namespace plimsoll::inline v0
