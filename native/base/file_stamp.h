#pragma once

#include <cstdint>
#include <string>

// Tells whether a file has changed, without reading it.

namespace plimsoll::inline v0::native {

/// If any of these changes, the file has changed. All files that cannot be looked at have the
/// default.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = -1;
  std::int64_t changed_seconds = 0;  // ctime: unlike mtime, no program can set it back
  std::int64_t changed_nanoseconds = 0;
  bool operator==(const FileStamp&) const = default;
};

/// Follows symbolic links. Look before you read: a change while you read then shows at the next
/// look.
FileStamp look_at_file(const std::string& path);

}  // namespace plimsoll::inline v0::native
