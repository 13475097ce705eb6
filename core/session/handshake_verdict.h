#pragma once

#include <cstdint>

namespace plimsoll::inline v0 {

/// What a reply to the handshake means.
enum class HandshakeVerdict : std::uint8_t {
  go_on,   ///< more replies to come
  done,    ///< the connection is ready
  retry,   ///< refused for now (loading, too many clients): a new connection may work
  odd,     ///< an unknown answer: the first connection fails; a later one is tried again, because
           ///< the server has served this session before
  refused  ///< refused for good: credentials, permissions, protocol, database
};

}  // namespace plimsoll::inline v0
