#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What nodes of a cluster say of it, and the slots of keys, apart from the code under test.

namespace plimsoll::testing {

/// What a node says of one that it knows: a line of CLUSTER NODES.
struct KnownNode {
  std::string id;
  std::string flags;    ///< "myself,master"
  std::string primary;  ///< the id of its primary; "-" for a primary
  std::string epoch;    ///< where two nodes claim a slot, the larger one wins
  bool is_linked = false;
  /// The first and the last of each row of slots.
  std::vector<std::pair<std::uint16_t, std::uint16_t>> slots{};

  bool has_flag(std::string_view flag) const;
  bool owns(std::uint16_t slot) const;
};

/// The lines of CLUSTER NODES.
std::vector<KnownNode> read_known_nodes(const std::string& text);

inline constexpr std::size_t cluster_slots_count = 16384;

/// The slot of a key, by CRC-16/XMODEM of the key or of its hash tag.
std::uint16_t slot_of(std::string_view key);

/// The shortest number in braces, such as "{4711}", that is in the slot: a hash tag for keys.
std::string tag_of(std::uint16_t slot);

}  // namespace plimsoll::testing
