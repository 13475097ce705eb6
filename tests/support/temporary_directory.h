#pragma once

#include <string>

namespace plimsoll::testing {

/// A new directory directly below /tmp, removed with all it holds when this object goes.
///
/// Not below TEST_TMPDIR, whose path is too long for the sockets that tests put here: a unix
/// socket's path has at most 107 bytes (unix(7)).
class TemporaryDirectory {
 public:
  TemporaryDirectory();  // throws std::system_error
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace plimsoll::testing
