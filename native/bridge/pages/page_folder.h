#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

// Lists the files of a folder that are pages.

namespace plimsoll::bridge {

struct PageFile {
  std::string path;  ///< below the folder: "/assets/index.js"
  std::filesystem::path file;
};

struct PageFolder {
  std::vector<PageFile> files;
  /// Symbolic links that do not lead to a page.
  std::vector<std::string> left_out;
  /// Folders that cannot be read, and whether there are more than `entries_max` files and folders.
  std::vector<std::string> problems;
};

/// Lists at most `entries_max` files and folders, sorted by path.
PageFolder list_pages(const std::string& folder, std::size_t entries_max);

}  // namespace plimsoll::bridge
