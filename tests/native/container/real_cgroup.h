#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plimsoll/native/container/location.h"

namespace plimsoll::testing {

/// A memory-limited cgroup on this machine, below the one that this process is in or above it,
/// where that is permitted. It goes with this object, when those in it have ended.
class RealCgroup {
 public:
  explicit RealCgroup(std::uint64_t limit);
  ~RealCgroup();
  RealCgroup(const RealCgroup&) = delete;
  RealCgroup& operator=(const RealCgroup&) = delete;

  bool exists() const { return !directory_.empty(); }

  /// Why there is none.
  const std::string& problem() const { return problem_; }

  const std::string& directory() const { return directory_; }
  bool set_limit(std::uint64_t bytes) const;
  std::uint64_t usage() const;

  /// Processes that the kernel has killed in it.
  std::uint64_t kills() const;

 private:
  bool make_below(const std::string& parent, std::uint64_t limit);
  std::string file(const char* of_v1, const char* of_v2) const;

  native::container::CgroupVersion version_ = native::container::CgroupVersion::none;
  std::string directory_;
  std::string problem_;
};

}  // namespace plimsoll::testing
