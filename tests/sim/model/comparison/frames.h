#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::sim::model {

/// Where the first frame of a server's bytes ends; nothing while it is not whole. For what servers
/// send here: no streamed types, no attributes.
std::optional<std::size_t> frame_end(std::string_view bytes);

/// The whole frames at the front of the bytes.
std::vector<std::string> frames(std::string_view bytes);

/// Whether two servers' frames are equal but for what has to differ: a time to live, told a moment
/// earlier or later.
bool same_frame(std::string_view left, std::string_view right);

/// Puts runs of messages for patterns, and of ends of subscriptions, in the order of their names:
/// the real server has these in an order of its own, that of a hash table with a random seed. A
/// transaction's reply with such elements comes apart: not all that follows its head is its own.
void sort_unordered(std::vector<std::string>& all);

}  // namespace plimsoll::sim::model
