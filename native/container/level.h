#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/native/container/location.h"
#include "plimsoll/native/container/values.h"

// What was read from the files of one cgroup (Level), and of all cgroups around this process
// (Reading).

namespace plimsoll::inline v0::native::container {

/// The most problems that a reading lists.
inline constexpr std::size_t problems_max = 8;

/// Counters since the cgroup was created.
struct Events {
  std::uint64_t high = 0;      ///< v2: processes were throttled because memory.high was exceeded
  std::uint64_t max = 0;       ///< usage was about to exceed the limit; v1: memory.failcnt
  std::uint64_t oom = 0;       ///< v2: an allocation failed because nothing could be reclaimed
  std::uint64_t oom_kill = 0;  ///< processes that the kernel has killed for lack of memory in it
};

/// A cgroup, or the machine.
struct Level {
  std::string place{};  ///< its directory; the machine's is /proc/meminfo
  bool is_machine = false;

  std::optional<std::uint64_t> limit{};  ///< in bytes; not set: unlimited
  std::string limit_file{};
  std::optional<std::uint64_t> high{};  ///< memory.high, in bytes; not set: unlimited
  std::string high_file{};

  /// Read only if there is a limit, or if this is the process's own cgroup.
  std::optional<std::uint64_t> usage{};
  std::uint64_t inactive_file = 0;  ///< part of the usage that the kernel can drop without a loss
  std::uint64_t active_file = 0;  ///< part of the usage that the kernel can drop, which costs time

  /// Not set if any of the counters could not be read.
  std::optional<Events> events{};
  /// Whether the events of the cgroups below are included. Before Linux 5.2, which introduced
  /// memory.events.local, the kernel does not count them separately.
  bool has_events_below = false;

  std::optional<Stall> stall{};  ///< v2 only: for the process's own cgroup, and for the machine
};

struct Reading {
  CgroupVersion version = CgroupVersion::none;

  /// The process's own cgroup first, then those above it, and the machine last, as far as they
  /// could be read.
  std::vector<Level> levels{};

  /// Each names a file and what was expected.
  std::vector<std::string> problems{};
};

}  // namespace plimsoll::inline v0::native::container
