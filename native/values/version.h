#pragma once

#include <string_view>

namespace plimsoll::native {

/// Of the library, as MODULE.bazel has it.
inline constexpr std::string_view version = "0.1.0";

}  // namespace plimsoll::native
