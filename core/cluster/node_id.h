#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace plimsoll::inline v0 {

/// The name that a node of a cluster keeps as long as it lives: 40 hex digits. All zero: none is
/// known.
using NodeId = std::array<char, 40>;

constexpr bool is_known(const NodeId& id) { return id[0] != 0; }

/// Nothing unless the text is 40 hex digits in lower case, as servers write them.
constexpr std::optional<NodeId> read_node_id(std::string_view text) {
  NodeId id{};
  if (text.size() != id.size()) return std::nullopt;
  const bool is_id = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (!is_id) return std::nullopt;
  std::copy(text.begin(), text.end(), id.begin());
  return id;
}

}  // namespace plimsoll::inline v0
