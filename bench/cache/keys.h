#pragma once

// Which keys are asked for, and how often.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll::bench {

enum class Popularity {
  uniform,
  zipf,  ///< the k-th most popular of them 1 / k^0.99 as often as the first
};

/// So many of the numbers below `keys`, the same in each run. Which are popular is drawn too.
std::vector<std::uint32_t> draw_keys(Popularity popularity, std::size_t keys, std::size_t count);

/// 16 bytes.
std::string key_text(std::uint32_t number);

}  // namespace plimsoll::bench
