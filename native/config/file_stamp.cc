#include "plimsoll/native/config/file_stamp.h"

#include <sys/stat.h>

namespace plimsoll::inline v0::native::config {

FileStamp stamp_of(const std::string& path) {
  struct ::stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  if (!S_ISREG(found.st_mode)) return {.kind = FileStamp::Kind::other};
  return {.kind = FileStamp::Kind::regular,
          .device = static_cast<std::uint64_t>(found.st_dev),
          .inode = static_cast<std::uint64_t>(found.st_ino),
          .size = static_cast<std::int64_t>(found.st_size),
          .changed_seconds = static_cast<std::int64_t>(found.st_ctim.tv_sec),
          .changed_nanoseconds = static_cast<std::int64_t>(found.st_ctim.tv_nsec)};
}

std::vector<FileStamp> stamps_of(const std::vector<std::string>& paths) {
  std::vector<FileStamp> all;
  for (const std::string& path : paths) all.push_back(stamp_of(path));
  return all;
}

}  // namespace plimsoll::inline v0::native::config
