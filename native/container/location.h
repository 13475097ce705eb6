#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Finds the directories of the memory cgroups that a process is in.

namespace plimsoll::inline v0::native::container {

/// The version of the hierarchy that has the memory controller. None: only the machine's memory
/// limits the process.
enum class CgroupVersion : std::uint8_t { none, v1, v2 };

/// "v1", "v2", "none".
const char* name(CgroupVersion version);

/// The most nested cgroups that are read. Kubernetes has five, systemd's user sessions have seven.
inline constexpr std::size_t cgroup_depth_max = 64;

struct Location {
  CgroupVersion version = CgroupVersion::none;

  /// The process's own cgroup first, then the one above it, up to where the hierarchy is mounted.
  std::vector<std::string> directories{};

  /// Why some of the directories are unknown; empty if all are known.
  std::string problem{};
};

/// Finds the directories from the texts of /proc/self/cgroup and /proc/self/mountinfo (cgroups(7),
/// proc_pid_mountinfo(5)). If there is a v1 hierarchy with the memory controller, that one is used:
/// a controller is in only one hierarchy at a time.
Location locate(std::string_view cgroup, std::string_view mountinfo);

}  // namespace plimsoll::inline v0::native::container
