#pragma once

#include <cstdint>

namespace plimsoll {

/// What gives way when there is no room for one more message, by count or by bytes.
enum class OverflowPolicy : std::uint8_t {
  drop_oldest,   ///< the messages that have waited longest: the newest are kept
  drop_newest,   ///< the new message: the oldest are kept
  pause_reading  ///< nothing: the connection is not read until there is room, and the peer waits
};

}  // namespace plimsoll
