#pragma once

#include <cstddef>
#include <string_view>

namespace plimsoll::native::config {

inline constexpr std::size_t name_size_max = 64;

/// Whether a profile, an upstream or a key may be called so: letters, digits, - _ and ., and
/// name_size_max of them at most. Messages repeat such names alone: any other text may be a secret
/// in the wrong place.
bool is_plain_name(std::string_view text);

}  // namespace plimsoll::native::config
