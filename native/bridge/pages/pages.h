#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// The pages that the bridge serves: the files of one folder, read once, when the bridge starts. A
// request's path is only looked up in a map, so no path can lead out of the folder.

namespace plimsoll::bridge {

/// For all files together.
inline constexpr std::size_t pages_bytes_max = std::size_t{16} << 20;
/// Files and subfolders.
inline constexpr std::size_t pages_files_max = 4096;
/// Problems with one folder that are listed.
inline constexpr std::size_t pages_problems_max = 20;

struct Page {
  std::string bytes;
  std::string_view type;   ///< for Content-Type
  std::string etag;        ///< in quotes; depends on the bytes alone
  bool is_hashed = false;  ///< the name changes with the bytes: a file below /assets/
};

/// The page that answers a request, in the coding that the client accepts.
struct PageChoice {
  const Page* page = nullptr;  ///< the bytes to send; null: there is no such page
  std::string_view type;       ///< Content-Type of the decoded bytes
  std::string_view coding;     ///< for Content-Encoding; empty: none
  bool has_codings = false;    ///< other clients may get another coding (Vary)
};

/// What Pages would find in a folder.
struct PagesCheck {
  /// What is wrong, each with the file or folder: see first_page_problems().
  std::vector<std::string> problems;
  std::size_t bytes = 0;  ///< as Pages::bytes()
};

/// The first pages_problems_max of `all`; the last one says how many follow.
std::vector<std::string> first_page_problems(std::vector<std::string> all);

/// Looks for everything that keeps Pages from reading `folder`, without holding its files.
PagesCheck check_pages(const std::string& folder);

class Pages {
 public:
  /// Reads the files below `folder`, except those whose names, or whose folders' names, begin with
  /// a dot. Does not follow symbolic links to folders, out of `folder`, or to such names;
  /// left_out() lists them. Throws std::runtime_error with the first of the problems that
  /// check_pages() would find.
  explicit Pages(const std::string& folder);

  /// Finds the page for a request's target. The query is ignored, %41 is A, and a path that ends in
  /// / means its index.html. `accepted` is Accept-Encoding: for X, the files X.br or X.gz are
  /// chosen if they exist and the client accepts them.
  PageChoice find(std::string_view target, std::string_view accepted) const;

  std::size_t count() const { return pages_.size(); }
  /// The memory that the pages take, approximately.
  std::size_t bytes() const { return bytes_; }
  const std::vector<std::string>& left_out() const { return left_out_; }

 private:
  const Page* at(const std::string& path) const;

  std::map<std::string, Page, std::less<>> pages_;  // by "/path", decoded
  std::size_t bytes_ = 0;
  std::vector<std::string> left_out_;
};

}  // namespace plimsoll::bridge
