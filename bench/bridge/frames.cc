#include "plimsoll/bench/bridge/frames.h"

#include <algorithm>

namespace plimsoll::bench {
namespace {

constexpr unsigned char final_binary = 0x82;
constexpr unsigned char masked = 0x80;
// Lengths in the second byte that say how many bytes of the length follow (RFC 6455, section 5.2).
constexpr std::size_t two_bytes_follow = 126;
constexpr std::size_t eight_bytes_follow = 127;

char byte_of(std::size_t number) { return static_cast<char>(static_cast<unsigned char>(number)); }

}  // namespace

std::string framed(std::string_view payload) {
  std::string frame(1, byte_of(final_binary));
  if (payload.size() < two_bytes_follow) {
    frame += byte_of(masked | payload.size());
  } else {
    const bool is_short = payload.size() < 65'536;
    frame += byte_of(masked | (is_short ? two_bytes_follow : eight_bytes_follow));
    for (int shift = is_short ? 8 : 56; shift >= 0; shift -= 8) {
      frame += byte_of(payload.size() >> shift);
    }
  }
  frame.append(4, '\0');
  frame += payload;
  return frame;
}

std::string upgrade_request(std::uint16_t port, std::string_view token) {
  return "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
         "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: resp\r\n"
         "Authorization: Bearer " +
         std::string(token) + "\r\n\r\n";
}

void FrameCounter::take_head(char byte) {
  const auto number = static_cast<unsigned char>(byte);
  switch (at_) {
    case At::type:
      is_data_ = (number & 0x0f) <= 2;
      at_ = At::length;
      return;
    case At::length:
      length_ = number & 0x7f;
      left_ = length_ == two_bytes_follow ? 2 : length_ == eight_bytes_follow ? 8 : 0;
      if (left_ > 0) {
        length_ = 0;
        at_ = At::long_length;
        return;
      }
      break;
    case At::long_length:
      length_ = length_ << 8 | number;
      if (--left_ > 0) return;
      break;
    case At::payload: return;
  }
  left_ = static_cast<std::size_t>(length_);
  at_ = left_ > 0 ? At::payload : At::type;
}

std::size_t FrameCounter::take(std::span<const char> bytes) {
  std::size_t found = 0;
  while (!bytes.empty()) {
    if (at_ != At::payload) {
      take_head(bytes.front());
      bytes = bytes.subspan(1);
      continue;
    }
    const std::size_t part = std::min(left_, bytes.size());
    if (is_data_) {
      if (found == 0) first_ = bytes.front();
      found += part;
    }
    left_ -= part;
    bytes = bytes.subspan(part);
    if (left_ == 0) at_ = At::type;
  }
  return found;
}

}  // namespace plimsoll::bench
