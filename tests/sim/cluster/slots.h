#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// The slots of a cluster, written apart from the core's, and the keys that a world with a cluster
// uses: few, in few slots, so that slots on the move and callers meet.

namespace plimsoll::sim {

using SlotNumber = std::uint16_t;

inline constexpr std::size_t all_slots_count = 16384;

/// Of a slot that nobody serves, in place of a server.
inline constexpr std::uint16_t no_server = UINT16_MAX;

/// By its hash tag, if the key has one.
SlotNumber slot_of_key(std::string_view key);

inline constexpr std::size_t cluster_slots_count = 6;
inline constexpr std::size_t keys_in_slot_count = 24;
inline constexpr std::size_t cluster_keys_count = cluster_slots_count * keys_in_slot_count;
/// "{a}0", "{a}1"... "{b}0"...
std::string cluster_key(std::size_t number);

/// The keys of the world that are in this slot.
std::span<const std::string> keys_of_slot(SlotNumber slot);
/// The slots that have keys.
std::span<const SlotNumber> used_slots();

}  // namespace plimsoll::sim
