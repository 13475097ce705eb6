#include "plimsoll/tests/support/temporary_directory.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace plimsoll::testing {

TemporaryDirectory::TemporaryDirectory() : path_("/tmp/plimsoll.XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "mkdtemp " + path_);
  }
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;  // what cannot be removed stays, and harms no test
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace plimsoll::testing
