#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// Frames as a client writes them: RFC 6455, section 5.2.

namespace plimsoll::websocket {

enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

/// Why a connection ends: section 7.4.1, and docs/bridge-protocol.md.
enum class CloseCode : std::uint16_t {
  normal = 1000,
  protocol_error = 1002,
  unknown_data = 1003,
  no_status = 1005,  ///< never sent: the close brought no code
  overrun = 4008,
};

/// The first bit of a frame's first byte, and of its second.
inline constexpr unsigned char final_bit = 0x80;
inline constexpr unsigned char mask_bit = 0x80;

/// What each frame of a client is masked with: nobody may guess it (section 10.3).
using MaskKey = std::array<char, 4>;

/// The payload of a close, a ping or a pong (section 5.5).
inline constexpr std::size_t control_bytes_max = 125;

/// Two bytes, eight of a length, four of a key.
inline constexpr std::size_t client_header_bytes_max = 14;

/// Makes a whole message in one frame of the payload that lies in `space` behind
/// client_header_bytes_max bytes: masks it where it is and puts the header in front. Returns the
/// frame, a part of `space`.
std::string_view seal(std::span<char> space, Opcode opcode, MaskKey key);

/// The payload of a close.
std::array<char, 2> payload_of(CloseCode code);

}  // namespace plimsoll::websocket
