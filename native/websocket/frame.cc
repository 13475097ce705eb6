#include "plimsoll/native/websocket/frame.h"

#include <algorithm>
#include <cstring>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0::websocket {
namespace {

constexpr std::size_t short_bytes_max = 125;
constexpr std::size_t medium_bytes_max = 0xffff;

// Masks as in section 5.3, eight bytes at a time.
void mask(std::span<char> payload, MaskKey key) {
  std::uint64_t word = 0;
  std::memcpy(&word, key.data(), key.size());
  std::memcpy(reinterpret_cast<char*>(&word) + key.size(), key.data(), key.size());
  std::size_t i = 0;
  for (; payload.size() - i >= sizeof word; i += sizeof word) {
    std::uint64_t part = 0;
    std::memcpy(&part, payload.data() + i, sizeof part);
    part ^= word;
    std::memcpy(payload.data() + i, &part, sizeof part);
  }
  for (; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ key[i % key.size()]);
}

}  // namespace

std::string_view seal(std::span<char> space, Opcode opcode, MaskKey key) {
  PLIMSOLL_CHECK(space.size() >= client_header_bytes_max);
  const std::span<char> payload = space.subspan(client_header_bytes_max);
  mask(payload, key);
  std::size_t length_bytes = 0;
  std::size_t first = payload.size();
  if (payload.size() > medium_bytes_max) {
    length_bytes = 8;
    first = 127;
  } else if (payload.size() > short_bytes_max) {
    length_bytes = 2;
    first = 126;
  }
  char* const header = payload.data() - (2 + length_bytes + key.size());
  header[0] = static_cast<char>(final_bit | static_cast<unsigned char>(opcode));
  header[1] = static_cast<char>(mask_bit | first);
  for (std::size_t i = 0; i < length_bytes; ++i) {
    header[2 + i] = static_cast<char>(payload.size() >> 8 * (length_bytes - 1 - i));
  }
  std::copy(key.begin(), key.end(), header + 2 + length_bytes);
  return {header, static_cast<std::size_t>(payload.data() - header) + payload.size()};
}

std::array<char, 2> payload_of(CloseCode code) {
  const auto number = static_cast<std::uint16_t>(code);
  return {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
}

}  // namespace plimsoll::inline v0::websocket
