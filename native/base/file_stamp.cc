#include "plimsoll/native/base/file_stamp.h"

#include <sys/stat.h>

namespace plimsoll::inline v0::native {

FileStamp look_at_file(const std::string& path) {
  struct ::stat status{};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return {};
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .changed_seconds = status.st_ctim.tv_sec,
          .changed_nanoseconds = status.st_ctim.tv_nsec};
}

}  // namespace plimsoll::inline v0::native
