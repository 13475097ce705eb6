#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace plimsoll::commands {

/// What a cacheable reply is an answer to. Views of words that lie elsewhere.
struct Question {
  std::uint16_t row = 0;                        ///< of the command table, + 1; 0: unknown
  std::string_view key;                         ///< the first key
  std::span<const std::string_view> rest;       ///< every other word behind the name, in order
  std::span<const std::string_view> more_keys;  ///< a contiguous part of `rest`: further keys
};

}  // namespace plimsoll::commands
