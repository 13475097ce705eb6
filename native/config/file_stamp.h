#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll::native::config {

/// By what one sees that a file has changed without reading it. Of one that is not there, or is no
/// regular file, all but `kind` is 0.
struct FileStamp {
  enum class Kind : std::uint8_t { missing, regular, other };
  Kind kind = Kind::missing;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed_seconds = 0;  // of content or inode: ctime, which nobody can set
  std::int64_t changed_nanoseconds = 0;

  bool operator==(const FileStamp&) const = default;
};

/// Links are followed.
FileStamp stamp_of(const std::string& path);
std::vector<FileStamp> stamps_of(const std::vector<std::string>& paths);

}  // namespace plimsoll::native::config
