#pragma once

#include <cstdint>

namespace plimsoll::inline v0 {

/// Identifies one of the client's connections: a small number, used again once the connection is
/// over.
enum class ConnectionId : std::uint32_t {};
inline constexpr ConnectionId first_connection{0};

}  // namespace plimsoll::inline v0
