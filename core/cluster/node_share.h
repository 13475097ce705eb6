#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace plimsoll::inline v0 {

/// How much of what all nodes of a cluster share, such as inflight_requests_limit, the requests of
/// one node may take, so that a node that says nothing does not take it from the others. `whole`:
/// what there is of it; `nodes`: that own slots.
///
/// A node has what leaves each of the others half of an equal part. One in doubt, which cannot be
/// reached or owes an answer for too long, has a quarter. It is one at least; and everything, where
/// there is no other node.
constexpr std::size_t node_share(std::size_t whole, std::size_t nodes, bool is_in_doubt) {
  if (nodes <= 1) return whole;
  const std::uint64_t others = std::uint64_t{whole} * (nodes - 1) / (2 * std::uint64_t{nodes});
  const std::size_t ready = whole - static_cast<std::size_t>(others);
  return std::max<std::size_t>(1, is_in_doubt ? std::min(ready, whole / 4) : ready);
}

}  // namespace plimsoll::inline v0
