#include "plimsoll/native/config/file_stamp.h"

#include <sys/stat.h>

namespace plimsoll::inline v0::native::config {

FileStamp stamp_of(const std::string& path) {
  struct ::stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  if (!S_ISREG(found.st_mode)) return {.kind = FileStamp::Kind::other};
  return {.kind = FileStamp::Kind::regular, .content = look_at_file(path)};
}

std::vector<FileStamp> stamps_of(const std::vector<std::string>& paths) {
  std::vector<FileStamp> all;
  for (const std::string& path : paths) all.push_back(stamp_of(path));
  return all;
}

}  // namespace plimsoll::inline v0::native::config
