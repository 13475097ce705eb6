#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll::inline v0::native::config {

/// Shows whether a file has changed, without reading it. If the file is missing, or is not a
/// regular file, everything but `kind` is 0.
struct FileStamp {
  enum class Kind : std::uint8_t { missing, regular, other };
  Kind kind = Kind::missing;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed_seconds = 0;  // ctime: unlike mtime, no program can set it back
  std::int64_t changed_nanoseconds = 0;

  bool operator==(const FileStamp&) const = default;
};

/// Follows symbolic links.
FileStamp stamp_of(const std::string& path);
std::vector<FileStamp> stamps_of(const std::vector<std::string>& paths);

}  // namespace plimsoll::inline v0::native::config
