#pragma once

#include <cstdint>
#include <string_view>

// The names and numbers of docs/bridge-protocol.md that the bridge and its clients share.

namespace plimsoll::inline v0::websocket {

inline constexpr std::string_view protocol_with_credits = "plimsoll.resp.v1";
inline constexpr std::string_view protocol_bare = "resp";
/// For a client that cannot see the status of an answer: a refusal is a close (close_of_status()).
inline constexpr std::string_view protocol_refusal = "plimsoll.refusal.v1";

/// The close code that stands for an HTTP status in a refusal.
inline constexpr std::uint16_t close_of_status(unsigned status) {
  return static_cast<std::uint16_t>(4000 + status);
}

/// The ports for an address that names none.
inline constexpr std::uint16_t plain_port = 80;
inline constexpr std::uint16_t tls_port = 443;

/// The first byte of each message in the subprotocol with credits.
inline constexpr char type_data = 0;
inline constexpr char type_credit = 1;

/// The most credit that may be unused at a time.
inline constexpr std::uint64_t credit_max = 0x7fffffff;

}  // namespace plimsoll::inline v0::websocket
