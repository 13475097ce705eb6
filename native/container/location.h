#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Where the files lie of the memory cgroups that a process is in.

namespace plimsoll::native::container {

/// Of the hierarchy that has the memory controller; none: no limit but the machine's.
enum class CgroupVersion : std::uint8_t { none, v1, v2 };

/// "v1", "v2", "none".
const char* name(CgroupVersion version);

/// Cgroups above each other that are looked at. Kubernetes has five, systemd's user sessions seven.
inline constexpr std::size_t cgroup_depth_max = 64;

struct Location {
  CgroupVersion version = CgroupVersion::none;

  /// The process's own cgroup first, then the one above it, up to where the hierarchy is mounted.
  std::vector<std::string> directories{};

  /// Why not all of them are known; empty: they are.
  std::string problem{};
};

/// By what /proc/self/cgroup and /proc/self/mountinfo say (cgroups(7), proc_pid_mountinfo(5)). The
/// v1 hierarchy of the memory controller wins over v2's: a controller is in one of them at a time.
Location locate(std::string_view cgroup, std::string_view mountinfo);

}  // namespace plimsoll::native::container
