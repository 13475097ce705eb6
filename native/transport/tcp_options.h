#pragma once

#include <chrono>

// What TCP is asked for on every connection: no wait before small writes, and an end within bounds
// when the peer has gone without a word (a half-open connection).

namespace plimsoll::native {

/// Sets TCP_NODELAY and, on Linux with these times, SO_KEEPALIVE: a connection on which nothing is
/// said is dead after half a minute without an answer of the peer's system. `user_timeout` is for
/// bytes that are sent and not acknowledged, or that the peer has no room for (TCP_USER_TIMEOUT of
/// tcp(7)); 0: as long as the system tries. A socket that is not TCP stays as it is.
void set_tcp_options(int socket, std::chrono::milliseconds user_timeout);

}  // namespace plimsoll::native
