#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace plimsoll::inline v0::native::container {

/// The largest size of a cgroup's file and of /proc/meminfo. memory.stat, the largest in practice,
/// has about 2 KiB.
inline constexpr std::size_t kernel_file_bytes_max = 64 * 1024;

/// The largest size of /proc/self/mountinfo, which has a line for each mount: thousands on a busy
/// node.
inline constexpr std::size_t mounts_bytes_max = 4 * 1024 * 1024;

/// A file's text, or why there is none.
struct FileText {
  enum class State : std::uint8_t { read, missing, failed };

  State state = State::missing;
  std::string text{};
  std::string problem{};  ///< names the file; empty if it was read or does not exist
};

/// Reads files by absolute paths, on this machine or below a directory that replaces its root.
class FileTree {
 public:
  /// `root` has no slash at its end. Empty: the machine's root.
  explicit FileTree(std::string root = {}) : root_(std::move(root)) {}

  /// Never throws because of a file. A file of more than `bytes_max` is a problem.
  FileText read(std::string_view path, std::size_t bytes_max) const;

 private:
  std::string root_;
};

}  // namespace plimsoll::inline v0::native::container
