#pragma once

#include <optional>
#include <string>
#include <utility>

#include "plimsoll/native/container/file_tree.h"
#include "plimsoll/native/container/level.h"
#include "plimsoll/native/container/location.h"

// Reads the files of the cgroups around this process.

namespace plimsoll::inline v0::native::container {

/// Returns the same cgroup in another reading, or null if `reading` does not have it.
const Level* find_same(const Reading& reading, const Level& level);

/// Returns the sum over all cgroups, in which each event counts once.
Events sum_of_events(const Reading& reading);

/// Reads the files repeatedly. If the process was moved to another cgroup, finds that one. Not
/// thread-safe.
class Reader {
 public:
  explicit Reader(std::string root) : files_(std::move(root)) {}

  Reading read();

 private:
  FileTree files_;
  std::string cgroup_;  // the text of /proc/self/cgroup from which `location_` was found
  std::optional<Location> location_;
};

}  // namespace plimsoll::inline v0::native::container
