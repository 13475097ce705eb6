#pragma once

#include <cstdint>

// What kind of server answers at an address: HELLO says it, as `mode`. For the session and the
// client.

namespace plimsoll::inline v0 {

enum class ServerMode : std::uint8_t {
  unknown,  ///< there was no answer to HELLO
  standalone,
  cluster,  ///< the server is a node of a cluster
  sentinel
};

/// What a session makes of the mode.
enum class ModeWanted : std::uint8_t {
  any,         ///< all servers are the same; in RESP2 none is asked
  told,        ///< a server of each mode will do, and the user of the session wants to know which
  standalone,  ///< a node of a cluster is refused: the session has been at a server that was none
  cluster      ///< a server that is no node of a cluster is refused; the session tries on, because
               ///< a node may answer at the address later
};

}  // namespace plimsoll::inline v0
