#include "plimsoll/native/config/source_stamp.h"

#include <sys/stat.h>

namespace plimsoll::inline v0::native::config {

SourceStamp stamp_of(const std::string& path) {
  struct ::stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  if (!S_ISREG(found.st_mode)) return {.kind = SourceStamp::Kind::other, .content = {}};
  return {.kind = SourceStamp::Kind::regular, .content = look_at_file(path)};
}

std::vector<SourceStamp> stamps_of(const std::vector<std::string>& paths) {
  std::vector<SourceStamp> all;
  for (const std::string& path : paths) all.push_back(stamp_of(path));
  return all;
}

}  // namespace plimsoll::inline v0::native::config
