#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "plimsoll/tests/support/temporary_directory.h"

namespace plimsoll::testing {

/// A folder of files to show.
class PageFiles {
 public:
  const std::string& path() const { return folder_.path(); }

  PageFiles& add(const std::string& name, std::string_view bytes) {
    const std::filesystem::path file = path() + "/" + name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
    return *this;
  }

 private:
  TemporaryDirectory folder_;
};

}  // namespace plimsoll::testing
