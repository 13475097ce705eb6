#pragma once

#include <cstddef>
#include <string>

#include "plimsoll/native/result.h"

// Where passwords and keys come from besides the configuration's text.

namespace plimsoll::bridge {

inline constexpr std::size_t secret_bytes_max = 64 * 1024;

/// The bytes of a file, without the one end of line at its end that editors leave. Errors name the
/// file.
native::Result<std::string> read_secret_file(const std::string& path);

/// Of an environment variable, which must not be empty. Errors name it.
native::Result<std::string> read_secret_variable(const std::string& name);

/// Any file of `bytes_max` bytes at most. Errors name it.
native::Result<std::string> read_bounded_file(const std::string& path, std::size_t bytes_max);

}  // namespace plimsoll::bridge
