#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/native/container/location.h"
#include "plimsoll/native/container/values.h"

// What the files of one cgroup say, and those of all around this process.

namespace plimsoll::native::container {

/// Things that could not be read, told of at a time.
inline constexpr std::size_t problems_max = 8;

/// Since the cgroup began.
struct Events {
  std::uint64_t high = 0;      ///< v2: processes were throttled since memory.high was passed
  std::uint64_t max = 0;       ///< the limit was about to be passed; v1: memory.failcnt
  std::uint64_t oom = 0;       ///< v2: nothing could be reclaimed, and an allocation failed
  std::uint64_t oom_kill = 0;  ///< processes that the kernel has killed for it
};

/// A cgroup, or the machine.
struct Level {
  std::string place{};  ///< its directory; the machine's is /proc/meminfo
  bool is_machine = false;

  std::optional<std::uint64_t> limit{};  ///< in bytes, none: unlimited
  std::string limit_file{};
  std::optional<std::uint64_t> high{};  ///< memory.high, likewise
  std::string high_file{};

  /// Read where there is a limit, or where it is the process's own.
  std::optional<std::uint64_t> usage{};
  std::uint64_t inactive_file = 0;  ///< of the usage, what the kernel can drop without a loss
  std::uint64_t active_file = 0;    ///< of the usage, what it can drop at a price

  /// None: they could not be read, not all of them.
  std::optional<Events> events{};
  /// Where the kernel does not tell the difference (before Linux 5.2, which has no
  /// memory.events.local), what happened in the cgroups below counts here, too.
  bool has_events_below = false;

  std::optional<Stall> stall{};  ///< v2 alone: of the process's own, and of the machine
};

struct Reading {
  CgroupVersion version = CgroupVersion::none;

  /// The process's own cgroup first, then those above it, the machine last. Whatever could be read.
  std::vector<Level> levels{};

  /// Each names a file and what was expected.
  std::vector<std::string> problems{};
};

}  // namespace plimsoll::native::container
