// Finds and reads the machine's package database: dpkg's status file, then apt's lists in the order
// of their names.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/demo/package.h"

namespace plimsoll::demo {

struct Inventory {
  std::vector<Package> packages;  // sorted by name
  std::size_t installed_count = 0;
  std::size_t lists_count = 0;
  std::vector<std::string> notes;  // what could not be read and was left out, one sentence each
};

/// The status file must be there. The lists need not be (a bare machine has none until `apt-get
/// update`): one that cannot be opened is left out with a note; content that is wrong is an error.
/// Throws BadInput.
Inventory read_inventory(const std::filesystem::path& status, const std::filesystem::path& lists);

}  // namespace plimsoll::demo
