#include "plimsoll/native/bridge/tokens/base64url.h"

#include <cstddef>
#include <cstdint>

namespace plimsoll::bridge {
namespace {

constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr unsigned bits_of_letter = 6;
constexpr unsigned bits_of_byte = 8;

}  // namespace

std::string base64url_encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned bits_count = 0;
  for (const char byte : bytes) {
    bits = bits << bits_of_byte | static_cast<unsigned char>(byte);
    bits_count += bits_of_byte;
    while (bits_count >= bits_of_letter) {
      bits_count -= bits_of_letter;
      text += letters[bits >> bits_count & 63];
    }
  }
  if (bits_count > 0) text += letters[bits << (bits_of_letter - bits_count) & 63];
  return text;
}

std::optional<std::string> base64url_decode(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned bits_count = 0;
  for (const char c : text) {
    const std::size_t value = letters.find(c);
    if (value == letters.npos) return std::nullopt;
    bits = bits << bits_of_letter | static_cast<std::uint32_t>(value);
    bits_count += bits_of_letter;
    if (bits_count < bits_of_byte) continue;
    bits_count -= bits_of_byte;
    bytes += static_cast<char>(bits >> bits_count & 255);
  }
  // The bits that are left belong to no byte, and must be zero.
  if ((bits & ((1U << bits_count) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace plimsoll::bridge
