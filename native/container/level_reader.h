#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/native/container/file_tree.h"
#include "plimsoll/native/container/level.h"

namespace plimsoll::inline v0::native::container {

/// Whether a cgroup is the process's own, or one above it.
enum class Rank : std::uint8_t { own, above };

/// Reads one cgroup, or the machine, into `reading`. Adds what cannot be read to its problems.
class LevelReader {
 public:
  LevelReader(const FileTree& files, Reading& reading) : files_(files), reading_(reading) {}

  void read_v1(const std::string& directory, Rank rank);
  void read_v2(const std::string& directory, Rank rank);
  void read_machine();

  /// Call it after the v1 cgroups. If hierarchical_memory_limit is tighter than all of their
  /// limits, it belongs to a cgroup above those that are mounted. Its usage is unknown, but not
  /// less than the process's own.
  void add_hidden_v1_limit();

  /// Whether the limits of the v1 cgroups above this one apply to it (memory.use_hierarchy; always
  /// true from Linux 5.11 on).
  bool is_hierarchical(const std::string& directory) const;

 private:
  enum class Presence : std::uint8_t { required, optional };

  std::optional<std::string> text(const std::string& path, Presence presence);
  std::optional<std::uint64_t> bound(const std::string& path, Presence presence);
  std::optional<std::uint64_t> number(const std::string& path);
  std::optional<std::uint64_t> figure(std::string_view text, const std::string& path,
                                      const char* key);
  void read_v1_events(Level& level);
  void read_v2_events(Level& level, Presence presence);
  void read_stall(Level& level, const std::string& path);
  void problem(const std::string& path, const std::string& what);

  const FileTree& files_;
  Reading& reading_;
  std::optional<std::uint64_t> limit_of_all_;  // hierarchical_memory_limit
};

}  // namespace plimsoll::inline v0::native::container
