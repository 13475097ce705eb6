#include "plimsoll/demo/inventory.h"

#include <algorithm>
#include <system_error>

#include "plimsoll/demo/bad_input.h"
#include "plimsoll/demo/catalogue.h"
#include "plimsoll/demo/text_file.h"

namespace plimsoll::demo {
namespace {

namespace fs = std::filesystem;

// apt names a list after its address: "deb.debian.org_debian_dists_..._binary-amd64_Packages",
// perhaps ".lz4".
bool is_package_list(const fs::path& path) {
  const auto name = path.filename().string();
  const auto end = name.rfind("_Packages");
  if (end == std::string::npos) return false;
  const auto ending = name.substr(end + std::string("_Packages").size());
  return ending.empty() || ending.front() == '.';
}

std::vector<fs::path> find_lists(const fs::path& folder, std::vector<std::string>& notes) {
  std::vector<fs::path> lists;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_package_list(entry->path())) lists.push_back(entry->path());
  }
  // A bare machine has no such folder, which is nothing to complain of.
  if (error && error != std::errc::no_such_file_or_directory) {
    notes.push_back(folder.string() + ": " + error.message());
  }
  std::ranges::sort(lists);
  return lists;
}

}  // namespace

Inventory read_inventory(const fs::path& status, const fs::path& lists) {
  Inventory inventory;
  Catalogue catalogue;
  catalogue.add_status(status.string(), read_text(status));
  inventory.installed_count = catalogue.size();
  if (inventory.installed_count == 0) {
    throw BadInput(status.string() + ": holds no installed package");
  }
  for (const auto& path : find_lists(lists, inventory.notes)) {
    std::string text;
    try {
      text = read_text(path);
    } catch (const BadInput& error) {
      inventory.notes.emplace_back(error.what());
      continue;
    }
    catalogue.add_list(path.string(), text);
    ++inventory.lists_count;
  }
  inventory.packages = catalogue.take();
  return inventory;
}

}  // namespace plimsoll::demo
