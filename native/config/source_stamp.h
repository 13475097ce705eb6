#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plimsoll/native/base/file_stamp.h"

namespace plimsoll::inline v0::native::config {

/// Shows whether a file of a configuration has changed, without reading it. What is no regular file
/// has no content to look at: a pipe seems to change whenever it is read.
struct SourceStamp {
  enum class Kind : std::uint8_t { missing, regular, other };
  Kind kind = Kind::missing;
  native::FileStamp content;

  bool operator==(const SourceStamp&) const = default;
};

/// Follows symbolic links.
SourceStamp stamp_of(const std::string& path);
std::vector<SourceStamp> stamps_of(const std::vector<std::string>& paths);

}  // namespace plimsoll::inline v0::native::config
