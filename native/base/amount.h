#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "plimsoll/core/base/units.h"

namespace plimsoll::native {

/// "1.5 KiB": format_bytes() as a string of its own.
inline std::string amount(std::uint64_t bytes) {
  std::array<char, 16> text;
  return std::string(format_bytes(bytes, text));
}

}  // namespace plimsoll::native
