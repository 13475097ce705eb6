#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/native/bridge/config/config.h"
#include "plimsoll/native/bridge/stream/shared_server.h"
#include "plimsoll/result.h"

// From an upstream of the configuration whose connections are shared to the options of the bridge's
// own clients of it.

namespace plimsoll::bridge {

/// Requests of all WebSockets of a user in one thread that may be under way at a time. Further ones
/// wait, first come, first served. Far above what a server has in work, so that memory is the
/// bound.
inline constexpr std::size_t shared_requests_in_flight_max = 100'000;

/// The part of limits.memory_limit that the largest reply may have; a larger one is skipped as it
/// arrives, and answered with -TOOLARGE. It is half of what the replies pool always gets: while one
/// client's reply arrives on the connection that all share, the others' replies still have room.
inline constexpr std::size_t shared_reply_divisor = 8;

/// Returns what the clients of `upstream` need, except its cache: that takes memory of the
/// process's line, which may not have been drawn yet. Each of `threads` has clients of its own, and
/// an equal part of blocking_connections_max.
SharedServer to_shared_server(const Upstream& upstream, const Limits& limits,
                              std::uint32_t threads = 1);

/// The options of an upstream's cache.
native::ClientSideCacheOptions to_cache_options(const UpstreamCache& cache);

/// Checks what native::connect() would check, without connecting. The error (invalid_option) names
/// the option that is wrong.
native::Result<void> validate(const SharedServer& server);

}  // namespace plimsoll::bridge
