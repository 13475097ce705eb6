#pragma once

#include <cstddef>
#include <string_view>

namespace plimsoll::inline v0::native::config {

inline constexpr std::size_t name_size_max = 64;

/// Whether `text` may be the name of a profile, an upstream or a key: letters, digits, - _ and .,
/// at most name_size_max of them. Messages repeat only such names, because any other text may be a
/// secret in the wrong place.
bool is_plain_name(std::string_view text);

}  // namespace plimsoll::inline v0::native::config
