#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// Writes frames as a client must: RFC 6455, section 5.2.

namespace plimsoll::inline v0::websocket {

enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

/// Close codes: section 7.4.1, and docs/bridge-protocol.md.
enum class CloseCode : std::uint16_t {
  normal = 1000,
  protocol_error = 1002,
  unknown_data = 1003,
  no_status = 1005,  ///< never sent: means that a close frame had no code
  overrun = 4008,
};

/// The first bit of a frame's first byte (FIN), and of its second (MASK).
inline constexpr unsigned char final_bit = 0x80;
inline constexpr unsigned char mask_bit = 0x80;

/// The key that masks a client's frame. It must be unpredictable (section 10.3).
using MaskKey = std::array<char, 4>;

/// The largest payload of a close, a ping or a pong (section 5.5).
inline constexpr std::size_t control_bytes_max = 125;

/// The sizes of the two fixed bytes, the length (8 bytes) and the key (4 bytes).
inline constexpr std::size_t client_header_bytes_max = 14;

/// Makes a message of one frame from the payload in `space`, which begins after
/// client_header_bytes_max bytes: masks the payload in place and writes the header in front of it.
/// Returns the frame, a part of `space`.
std::string_view seal(std::span<char> space, Opcode opcode, MaskKey key);

/// The payload of a close frame.
std::array<char, 2> payload_of(CloseCode code);

}  // namespace plimsoll::inline v0::websocket
