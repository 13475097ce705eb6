#pragma once

#include <cstdint>
#include <string_view>

// The names and numbers of docs/bridge-protocol.md that the bridge and its clients share.

namespace plimsoll::websocket {

inline constexpr std::string_view protocol_with_credits = "plimsoll.resp.v1";
inline constexpr std::string_view protocol_bare = "resp";

/// The ports for an address that names none.
inline constexpr std::uint16_t plain_port = 80;
inline constexpr std::uint16_t tls_port = 443;

/// The first byte of each message in the subprotocol with credits.
inline constexpr char type_data = 0;
inline constexpr char type_credit = 1;

/// The most credit that may be unused at a time.
inline constexpr std::uint64_t credit_max = 0x7fffffff;

}  // namespace plimsoll::websocket
