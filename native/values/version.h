#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <string_view>

namespace plimsoll::inline v0::native {

/// The version of the library, the same as in MODULE.bazel.
inline constexpr std::string_view version = "0.1.0";

}  // namespace plimsoll::inline v0::native
