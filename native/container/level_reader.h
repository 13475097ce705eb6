#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/native/container/file_tree.h"
#include "plimsoll/native/container/level.h"

namespace plimsoll::native::container {

/// Where in the hierarchy a cgroup is that is read.
enum class Rank : std::uint8_t { own, above };

/// Reads one cgroup, or the machine, and adds what cannot be read to the problems of `reading`.
class LevelReader {
 public:
  LevelReader(const FileTree& files, Reading& reading) : files_(files), reading_(reading) {}

  void read_v1(const std::string& directory, Rank rank);
  void read_v2(const std::string& directory, Rank rank);
  void read_machine();

  /// After the v1 cgroups: a limit that is tighter than theirs is of one above those that are
  /// mounted. Of its usage it is only known that it is not less than the process's own.
  void add_hidden_v1_limit();

  /// Whether the v1 cgroups above this one count for it at all (memory.use_hierarchy; always so
  /// from Linux 5.11 on).
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

}  // namespace plimsoll::native::container
