#pragma once

#include <cstdint>

namespace plimsoll {

/// What a reply to the handshake means.
enum class HandshakeVerdict : std::uint8_t {
  go_on,   ///< more replies to come
  done,    ///< the connection is ready
  retry,   ///< refused for now (loading, too many clients): a new connection may work
  odd,     ///< an answer that we do not know: no use at first, but a server that served us
           ///< before may be itself again
  refused  ///< refused for good: credentials, permissions, protocol, database
};

}  // namespace plimsoll
