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
};

/// Throws std::runtime_error if a folder cannot be read, or if there are more than `entries_max`
/// files and folders.
PageFolder list_pages(const std::string& folder, std::size_t entries_max);

}  // namespace plimsoll::bridge
