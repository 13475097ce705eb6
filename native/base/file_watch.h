#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "plimsoll/core/base/time.h"
#include "plimsoll/native/base/file_stamp.h"

namespace plimsoll::inline v0::native {

/// Says when files that belong together are to be read again: when one of them has changed, and,
/// while they cannot be used, once a second. For what kept them from being read may pass without a
/// change of theirs, as a lack of descriptors does. A value.
class FileWatch {
 public:
  static constexpr Duration retry_after = std::chrono::seconds(1);

  /// The files are as they are now. Call this before you read them the first time.
  explicit FileWatch(std::vector<std::string> paths = {});

  /// Whether to read the files now. If so, read them, and call note_read().
  bool wants_reading(Instant now);

  /// The files were read at `now`, and could be used or not.
  void note_read(bool is_good, Instant now);

 private:
  std::vector<FileStamp> look() const;

  std::vector<std::string> paths_;
  std::vector<FileStamp> stamps_;
  Instant retry_at_ = never;
};

}  // namespace plimsoll::inline v0::native
