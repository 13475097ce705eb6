#pragma once

// The memory line that Plimsoll has in this benchmark, and what of it its near cache takes.

#include <cstddef>

namespace plimsoll::bench {

inline constexpr std::size_t memory_line_bytes = std::size_t{32} << 20;
inline constexpr std::size_t near_cache_bytes = std::size_t{10} << 20;

}  // namespace plimsoll::bench
