#include "plimsoll/native/base/file_stamp.h"

#include <sys/stat.h>

namespace plimsoll::inline v0::native {

FileStamp look_at_file(const std::string& path) {
  struct ::stat status{};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return {};
  return {.seconds = status.st_mtim.tv_sec,
          .nanoseconds = status.st_mtim.tv_nsec,
          .size = status.st_size,
          .inode = status.st_ino};
}

}  // namespace plimsoll::inline v0::native
