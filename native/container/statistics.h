#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "plimsoll/native/container/location.h"
#include "plimsoll/native/container/reading.h"

namespace plimsoll::inline v0::native::container {

/// The memory around the process, as of the last check. The first check happens when the memory
/// limit is set.
struct Statistics {
  CgroupVersion version = CgroupVersion::none;
  std::uint64_t looks = 0;  ///< checks so far

  std::uint64_t limit = 0;   ///< the tightest one in bytes, including the machine's memory
  std::string limit_file{};  ///< the file that contains it; empty: no limit is known

  std::uint64_t high = 0;   ///< the tightest memory.high
  std::string high_file{};  ///< the file that contains it

  /// The place with the least headroom: a cgroup's directory, or /proc/meminfo.
  std::string place{};
  std::uint64_t usage = 0;    ///< its memory, including the page cache
  std::int64_t headroom = 0;  ///< bytes until its limit or memory.high; negative: above it

  /// The events of all cgroups around the process since their creation. A counter that could not be
  /// read keeps its last value.
  Events events{};

  /// The percentage of the last ten seconds in which a task of the process's cgroup waited for
  /// memory (PSI, "some avg10"). Not set if the kernel does not report it.
  std::optional<double> stalled_percent{};

  bool is_auto = false;  ///< memory_limit = "auto"
  /// The highest and the lowest value of the automatic limit; 0 if it is not automatic.
  std::size_t auto_full = 0;
  std::size_t auto_least = 0;
  std::uint64_t lowered = 0;  ///< how often the limit fell and rose so far
  std::uint64_t raised = 0;

  std::string problem{};  ///< what could not be read at the last check; empty: nothing
};

/// Formats the statistics as one line for people, without a newline: "cgroup v1, limit 128 MiB
/// (memory.limit...".
std::string to_text(const Statistics& statistics);

}  // namespace plimsoll::inline v0::native::container
