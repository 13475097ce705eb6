#pragma once

#include <cstddef>
#include <string>

#include "plimsoll/result.h"

// Files that people write: configurations, passwords, keys.

namespace plimsoll::native::config {

inline constexpr std::size_t secret_bytes_max = 64 * 1024;

/// Any file of `bytes_max` bytes at most. Errors name it.
Result<std::string> read_bounded_file(const std::string& path, std::size_t bytes_max);

/// The bytes of a file, without the one end of line at its end that editors leave. Errors name the
/// file.
Result<std::string> read_secret_file(const std::string& path);

/// The folder that `path` lies in, or empty if it names none.
std::string folder_of(const std::string& path);

/// `path` seen from `folder`; empty stays empty.
std::string path_in(const std::string& folder, const std::string& path);

}  // namespace plimsoll::native::config
