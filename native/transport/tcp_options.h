#pragma once

#include <chrono>

// The TCP options of every connection: small writes are not delayed, and a connection ends within a
// bounded time if the peer vanishes without closing it (a half-open connection).

namespace plimsoll::inline v0::native {

/// Sets TCP_NODELAY and SO_KEEPALIVE. On Linux keepalive gets times with which an idle connection
/// is dead after half a minute without an answer from the peer's system. `user_timeout` limits how
/// long sent bytes may stay unacknowledged, or wait because the peer has no room for them
/// (TCP_USER_TIMEOUT of tcp(7)); 0: as long as the system tries. Leaves a socket that is not TCP as
/// it is.
void set_tcp_options(int socket, std::chrono::milliseconds user_timeout);

}  // namespace plimsoll::inline v0::native
