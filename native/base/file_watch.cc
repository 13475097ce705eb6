#include "plimsoll/native/base/file_watch.h"

#include <utility>

namespace plimsoll::inline v0::native {

FileWatch::FileWatch(std::vector<std::string> paths) : paths_(std::move(paths)), stamps_(look()) {}

std::vector<FileStamp> FileWatch::look() const {
  std::vector<FileStamp> stamps;
  for (const std::string& path : paths_) stamps.push_back(look_at_file(path));
  return stamps;
}

bool FileWatch::wants_reading(Instant now) {
  std::vector<FileStamp> stamps = look();
  if (stamps == stamps_ && now < retry_at_) return false;
  stamps_ = std::move(stamps);
  retry_at_ = now + retry_after;  // also if the reading throws, and note_read() is not called
  return true;
}

void FileWatch::note_read(bool is_good, Instant now) {
  retry_at_ = is_good ? never : now + retry_after;
}

}  // namespace plimsoll::inline v0::native
