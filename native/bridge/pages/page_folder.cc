#include "plimsoll/native/bridge/pages/page_folder.h"

#include <algorithm>
#include <stdexcept>
#include <system_error>

namespace plimsoll::bridge {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what, const std::error_code& problem) {
  throw std::runtime_error("pages: " + what + ": " + problem.message());
}

bool is_hidden(const fs::path& name) { return name.native().starts_with('.'); }

// Whether `link` leads to a page of `root`, a canonical path: not out of it, and not to a hidden
// file.
bool leads_to_page(const fs::path& link, const fs::path& root) {
  std::error_code problem;
  const fs::path end = fs::canonical(link, problem);
  if (problem || !fs::is_regular_file(end, problem)) return false;
  const fs::path inside = end.lexically_relative(root);
  return !inside.empty() && std::none_of(inside.begin(), inside.end(), is_hidden);
}

}  // namespace

PageFolder list_pages(const std::string& folder, std::size_t entries_max) {
  PageFolder found;
  std::error_code problem;
  const fs::path root = fs::canonical(folder, problem);
  if (problem) fail(folder, problem);
  fs::recursive_directory_iterator at(root, problem);
  if (problem) fail(folder, problem);
  std::size_t entries = 0;
  // If the iterator cannot advance, this entry or its folder could not be read.
  std::string last = folder;
  for (; at != fs::recursive_directory_iterator(); at.increment(problem)) {
    last = at->path().native();
    if (++entries > entries_max) {
      throw std::runtime_error("pages: " + folder + " has more than " +
                               std::to_string(entries_max) + " files and folders");
    }
    if (is_hidden(at->path().filename())) {
      at.disable_recursion_pending();
      continue;
    }
    if (at->is_symlink(problem) && !leads_to_page(at->path(), root)) {
      found.left_out.push_back(last);
    } else if (at->is_regular_file(problem)) {
      found.files.push_back({"/" + at->path().lexically_relative(root).native(), at->path()});
    }
  }
  if (problem) fail(last, problem);
  return found;
}

}  // namespace plimsoll::bridge
