#pragma once

#include <cstddef>
#include <string>

#include "plimsoll/result.h"

// Reads files that people write: configurations, passwords, keys.

namespace plimsoll::inline v0::native::config {

inline constexpr std::size_t secret_bytes_max = 64 * 1024;

/// Returns the bytes of a file, at most `bytes_max`. A pipe has a second for them. Errors name the
/// file.
Result<std::string> read_bounded_file(const std::string& path, std::size_t bytes_max);

/// Returns the bytes of a file without the one newline at the end that editors leave. Errors name
/// the file.
Result<std::string> read_secret_file(const std::string& path);

/// The folder of `path`; empty if it names none.
std::string folder_of(const std::string& path);

/// `path` relative to `folder`, unless it is absolute; an empty path stays empty.
std::string path_in(const std::string& folder, const std::string& path);

}  // namespace plimsoll::inline v0::native::config
