#pragma once

#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// The files that the bridge shows besides carrying WebSockets: those of one folder, read once, at
// start. A request names a key of a map, and whatever is none of its keys is not there: no path
// leads out of it.

namespace plimsoll::bridge {

/// Of all files together.
inline constexpr std::size_t pages_bytes_max = std::size_t{16} << 20;
/// Files, and folders below the first.
inline constexpr std::size_t pages_files_max = 4096;

struct Page {
  std::string bytes;
  std::string_view type;   ///< for Content-Type
  std::string etag;        ///< in quotes; of the bytes alone
  bool is_hashed = false;  ///< its name changes along with its bytes, as those below /assets/
};

/// A page as it is sent to somebody.
struct PageChoice {
  const Page* page = nullptr;  ///< whose bytes; none: there is no such page
  std::string_view type;       ///< of what comes out when it is decoded
  std::string_view coding;     ///< for Content-Encoding; empty: none
  bool has_codings = false;    ///< others may get it in another one
};

class Pages {
 public:
  /// What is below `folder`: but nothing whose name begins with a dot, no folders that are symbolic
  /// links, and no links that lead out of it or to such names; left_out() names these links. Throws
  /// std::runtime_error, which names the file that cannot be read or the bound that is passed.
  explicit Pages(const std::string& folder);

  /// `target` is that of a request: its query does not count, %41 is A, and a path that ends in /
  /// stands for its index.html. `accepted` is what Accept-Encoding says: of X, X.br or X.gz is
  /// chosen where they are there and accepted.
  PageChoice find(std::string_view target, std::string_view accepted) const;

  std::size_t count() const { return pages_.size(); }
  /// What they take, about.
  std::size_t bytes() const { return bytes_; }
  const std::vector<std::string>& left_out() const { return left_out_; }

 private:
  const Page* at(const std::string& path) const;

  std::map<std::string, Page, std::less<>> pages_;  // by "/path", decoded
  std::size_t bytes_ = 0;
  std::vector<std::string> left_out_;
};

}  // namespace plimsoll::bridge
