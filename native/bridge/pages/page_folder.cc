#include "plimsoll/native/bridge/pages/page_folder.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace plimsoll::bridge {
namespace {

namespace fs = std::filesystem;

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

void report(const fs::path& path, const std::error_code& problem, PageFolder& found) {
  found.problems.push_back(path.native() + ": " + problem.message());
}

// The entries of a folder that are not hidden, sorted, so that problems come in the same order each
// time. Stops after `entries_max` of them and of the hidden ones; `entries` counts all.
std::vector<fs::directory_entry> entries_of(const fs::path& folder, std::size_t& entries,
                                            std::size_t entries_max, PageFolder& found) {
  std::vector<fs::directory_entry> all;
  std::error_code problem;
  fs::directory_iterator at(folder, problem);
  for (; !problem && at != fs::directory_iterator(); at.increment(problem)) {
    if (++entries > entries_max) break;
    if (!is_hidden(at->path().filename())) all.push_back(*at);
  }
  if (problem) report(folder, problem, found);
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

PageFolder list_pages(const std::string& folder, std::size_t entries_max) {
  PageFolder found;
  std::error_code problem;
  const fs::path root = fs::canonical(folder, problem);
  if (problem) {
    report(folder, problem, found);
    return found;
  }
  std::size_t entries = 0;
  std::vector<fs::path> folders{root};
  while (!folders.empty() && entries <= entries_max) {
    const fs::path here = std::exchange(folders.back(), {});
    folders.pop_back();
    for (const fs::directory_entry& each : entries_of(here, entries, entries_max, found)) {
      if (each.is_symlink(problem) && !leads_to_page(each.path(), root)) {
        found.left_out.push_back(each.path().native());
      } else if (each.is_regular_file(problem)) {
        found.files.push_back({"/" + each.path().lexically_relative(root).native(), each.path()});
      } else if (each.is_directory(problem) && !each.is_symlink(problem)) {
        folders.push_back(each.path());
      }
    }
  }
  if (entries > entries_max) {
    found.problems.push_back(folder + " has more than " + std::to_string(entries_max) +
                             " files and folders");
  }
  std::sort(found.files.begin(), found.files.end(),
            [](const PageFile& one, const PageFile& other) { return one.path < other.path; });
  std::sort(found.left_out.begin(), found.left_out.end());
  std::sort(found.problems.begin(), found.problems.end());
  return found;
}

}  // namespace plimsoll::bridge
