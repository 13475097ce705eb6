#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "plimsoll/native/container/location.h"
#include "plimsoll/native/container/reading.h"

namespace plimsoll::native::container {

/// What is around the memory line, as of the last look: the first is taken when the line is drawn.
struct Statistics {
  CgroupVersion version = CgroupVersion::none;
  std::uint64_t looks = 0;  ///< so far

  std::uint64_t limit = 0;   ///< the tightest in bytes, the machine's memory included
  std::string limit_file{};  ///< which file says so; empty: none is known

  std::uint64_t high = 0;   ///< the tightest memory.high
  std::string high_file{};  ///< likewise

  /// Where the headroom is least: a cgroup's directory, or /proc/meminfo.
  std::string place{};
  std::uint64_t usage = 0;    ///< its memory, the page cache included
  std::int64_t headroom = 0;  ///< until its limit or its memory.high; negative: it is above that

  /// Of all cgroups around the process, since these began; what could not be read, as of before.
  Events events{};

  /// Of the last ten seconds, in percent, how long somebody in the process's cgroup waited for
  /// memory (PSI, "some avg10"); none: the kernel does not say.
  std::optional<double> stalled_percent{};

  bool is_auto = false;  ///< memory_limit = "auto"
  /// What it would take with room enough, and the least that it yields to; 0 where not auto.
  std::size_t auto_full = 0;
  std::size_t auto_least = 0;
  std::uint64_t lowered = 0;  ///< how often the line went down and up so far
  std::uint64_t raised = 0;

  std::string problem{};  ///< what could not be read the last time; empty: all was
};

/// A line for people, without an end of line: "cgroup v1, limit 128 MiB (memory.limit...".
std::string to_text(const Statistics& statistics);

}  // namespace plimsoll::native::container
