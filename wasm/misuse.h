#pragma once

#include <cstdint>

#include "plimsoll/core/base/error.h"

namespace plimsoll::wasm {

/// The error for a host's mistake.
inline Error misuse(const char* what, std::uint64_t value = Error::no_number,
                    std::uint64_t limit = Error::no_number) {
  return Error{.code = ErrorCode::invalid_argument, .what = what, .value = value, .limit = limit};
}

}  // namespace plimsoll::wasm
