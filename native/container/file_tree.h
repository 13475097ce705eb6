#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace plimsoll::native::container {

/// Of a file that says one thing: those of a cgroup, /proc/meminfo. memory.stat, the largest, has
/// some 2 KiB.
inline constexpr std::size_t figures_bytes_max = 64 * 1024;

/// Of /proc/self/mountinfo, which has a line for each mount: some thousands on a busy node.
inline constexpr std::size_t mounts_bytes_max = 4 * 1024 * 1024;

/// A file's text, or why there is none.
struct FileText {
  enum class State : std::uint8_t { read, missing, failed };

  State state = State::missing;
  std::string text{};
  std::string problem{};  ///< names the file; empty where it was read, or is not there
};

/// Files by their absolute paths, of the machine, or of a directory that stands in for its root.
class FileTree {
 public:
  /// `root` without a slash at its end; empty: the machine's own.
  explicit FileTree(std::string root = {}) : root_(std::move(root)) {}

  /// Never throws for a file's sake. One of more than `bytes_max` is a problem.
  FileText read(std::string_view path, std::size_t bytes_max) const;

 private:
  std::string root_;
};

}  // namespace plimsoll::native::container
