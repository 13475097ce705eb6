#pragma once

#include <optional>
#include <string>
#include <utility>

#include "plimsoll/native/container/file_tree.h"
#include "plimsoll/native/container/level.h"
#include "plimsoll/native/container/location.h"

// What the files of the cgroups around this process say now.

namespace plimsoll::native::container {

/// The same cgroup in another reading; null: it is not there.
const Level* find_same(const Reading& reading, const Level& level);

/// Of all cgroups, each thing counted once.
Events sum_of_events(const Reading& reading);

/// Reads again and again; looks for the cgroup anew when the process was moved. Not thread-safe.
class Reader {
 public:
  explicit Reader(std::string root) : files_(std::move(root)) {}

  Reading read();

 private:
  FileTree files_;
  std::string cgroup_;  // /proc/self/cgroup, as of `location_`
  std::optional<Location> location_;
};

}  // namespace plimsoll::native::container
