#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// The hash slots of a cluster (valkey.io/topics/cluster-spec, "Key distribution model"). Each key
// is in one slot, and each slot is served by one primary.

namespace plimsoll::inline v0 {

using Slot = std::uint16_t;

inline constexpr std::uint32_t slots_count = 16384;

/// No slot.
inline constexpr Slot no_slot = UINT16_MAX;

/// Returns the slot of a key: CRC-16/XMODEM of the key, modulo slots_count. If the key has a hash
/// tag, which is the text between the first { and the next } behind it, and that text is not empty,
/// the slot is that of the tag. Runs once for every request, so it uses no table: see slot.cc.
Slot slot_of_key(std::string_view key);

/// Returns a key of this slot, of two bytes, which may be any.
std::array<char, 2> short_key_in(Slot slot);

}  // namespace plimsoll::inline v0
