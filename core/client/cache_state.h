#pragma once

#include <cstdint>

namespace plimsoll::inline v0 {

/// What a client's entries in a cache rest on.
enum class CacheState : std::uint8_t {
  unknown,   ///< no connection was ready yet
  tracking,  ///< entries are vouched for by connections that are tracked
  ttl,       ///< entries are served until entry_ttl ends, without tracking
  off        ///< nothing is cached, because there is neither tracking nor entry_ttl
};

}  // namespace plimsoll::inline v0
