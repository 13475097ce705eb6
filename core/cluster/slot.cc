#include "plimsoll/core/cluster/slot.h"

#include <bit>
#include <cstddef>
#include <cstring>

// CRC-16/XMODEM is the remainder of the key's bits, as a polynomial over GF(2) times x^16, divided
// by P = x^16 + x^12 + x^5 + 1. P is sparse, and so are its squares, since in GF(2) the square of a
// sum is the sum of the squares: modulo P,
//
//   x^16 = x^12 + x^5 + 1     x^32 = x^24 + x^10 + 1     x^64 = x^48 + x^20 + 1
//
// So eight bytes at a time are divided with a few shifts. Tables for eight bytes at a time would
// have 4 KiB, and even in the first cache they take more instructions and more time.

namespace plimsoll::inline v0 {
namespace {

static_assert(std::endian::native == std::endian::little);

// The first byte is the highest, as on the wire.
template <class Number>
[[gnu::always_inline]] inline std::uint64_t load(const char* at) {
  Number number = 0;
  std::memcpy(&number, at, sizeof number);
  if constexpr (sizeof number == 2) return __builtin_bswap16(number);
  if constexpr (sizeof number == 4) return __builtin_bswap32(number);
  if constexpr (sizeof number == 8) return __builtin_bswap64(number);
}

// At most seven bytes. The two loads may overlap: then they agree on what both have.
[[gnu::always_inline]] inline std::uint64_t load_short(std::string_view bytes) {
  const std::size_t size = bytes.size();
  const char* const at = bytes.data();
  if (size >= 4) {
    return load<std::uint32_t>(at) << 8 * (size - 4) | load<std::uint32_t>(at + size - 4);
  }
  if (size >= 2) {
    return load<std::uint16_t>(at) << 8 * (size - 2) | load<std::uint16_t>(at + size - 2);
  }
  return size == 0 ? 0 : static_cast<unsigned char>(*at);
}

// Multiplies by x^64. The quotient has to be added where its own multiples pass x^64 again:
// quotient = high + (quotient >> 16) + (quotient >> 44), which this solves.
[[gnu::always_inline]] inline std::uint64_t times_x64(std::uint64_t high) {
  std::uint64_t quotient = high ^ high >> 16 ^ high >> 44;
  quotient ^= quotient >> 32;
  return quotient ^ quotient << 20 ^ quotient << 48;
}

// Multiplies by x^16 and returns the remainder. Here the quotient is high divided by 1 + u, where u
// is s^4 + s^11 + s^16 and s shifts to the right by one: high times 1 + u, 1 + u^2, 1 + u^4...
[[gnu::always_inline]] inline std::uint16_t remainder_of_x16(std::uint64_t high) {
  std::uint64_t quotient = high ^ high >> 4 ^ high >> 11 ^ high >> 16;
  quotient ^= quotient >> 8 ^ quotient >> 22 ^ quotient >> 32;
  quotient ^= quotient >> 16 ^ quotient >> 44;
  quotient ^= quotient >> 32;
  return static_cast<std::uint16_t>(quotient ^ quotient << 5 ^ quotient << 12);
}

// Adding 5 to the lower seven bits of a byte sets the highest bit from { (0x7b) upwards.
constexpr std::uint64_t lower_bits = 0x7f7f7f7f7f7f7f7f;
constexpr std::uint64_t up_to_brace = 0x0505050505050505;

struct Folded {
  std::uint64_t all;   // what all bytes leave in 64 bits, before the last division by P
  std::uint64_t seen;  // has a highest bit if there may be a {

  bool may_have_brace() const { return (seen & ~lower_bits) != 0; }
  Slot slot() const { return remainder_of_x16(all) % slots_count; }
};

[[gnu::always_inline]] inline Folded fold(std::string_view bytes) {
  std::uint64_t all = 0;
  std::uint64_t seen = 0;
  const std::size_t size = bytes.size();
  if (size < 8) {
    all = load_short(bytes);
    seen = (all & lower_bits) + up_to_brace;
  } else {
    // Zeros in front change nothing, so the word that may not be full comes first.
    const char* const end = bytes.data() + size;
    const auto full_words_bytes = static_cast<std::ptrdiff_t>((size - 1) / 8 * 8);
    all = load<std::uint64_t>(bytes.data()) >> (0 - size) * 8 % 64;
    seen = (all & lower_bits) + up_to_brace;
    for (std::ptrdiff_t at = -full_words_bytes; at != 0; at += 8) {
      const std::uint64_t word = load<std::uint64_t>(end + at);
      seen |= (word & lower_bits) + up_to_brace;
      all = times_x64(all) ^ word;
    }
  }
  return {.all = all, .seen = seen};
}

std::string_view hash_tag(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const std::size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

[[gnu::noinline]] Slot slot_of_tag(std::string_view key) { return fold(hash_tag(key)).slot(); }

}  // namespace

Slot slot_of_key(std::string_view key) {
  const Folded folded = fold(key);
  return folded.may_have_brace() ? slot_of_tag(key) : folded.slot();
}

// P has the term 1, so x can be divided by: of 16 bits, each remainder belongs to one number.
// Two bytes have no hash tag.
std::array<char, 2> short_key_in(Slot slot) {
  constexpr std::uint32_t polynomial = 0x11021;
  std::uint32_t bits = slot;
  for (int i = 0; i < 16; ++i) bits = (bits % 2 == 0 ? bits : bits ^ polynomial) >> 1;
  return {static_cast<char>(bits >> 8), static_cast<char>(bits)};
}

}  // namespace plimsoll::inline v0
