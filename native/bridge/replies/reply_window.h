#pragma once

#include <cstddef>
#include <cstdint>

namespace plimsoll::bridge {

/// How much a server may owe to one client; see OwedReplies.
struct ReplyWindow {
  /// Requests that the server has not answered.
  std::uint32_t requests_in_flight_max = 128;
  /// Bytes of the replies to them, as far as these can be told, and of those that the client has
  /// not taken.
  std::size_t reply_bytes_ahead_max = std::size_t{64} << 10;
};

}  // namespace plimsoll::bridge
