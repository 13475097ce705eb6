#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "plimsoll/core/base/units.h"

namespace plimsoll::inline v0::native {

/// format_bytes() as a std::string: "1.5 KiB".
inline std::string amount(std::uint64_t bytes) {
  std::array<char, 16> text;
  return std::string(format_bytes(bytes, text));
}

}  // namespace plimsoll::inline v0::native
