#pragma once

#include <string_view>

namespace plimsoll::inline v0 {

/// What CLIENT INFO shows of us.
inline constexpr std::string_view library_name = "plimsoll";
inline constexpr std::string_view library_version = "0.1.0";

}  // namespace plimsoll::inline v0
