// The packages of a machine, gathered from the texts of dpkg's status file and of apt's lists.
//
// A name that comes more than once (versions, architectures, archives) counts once: what is
// installed wins, so add the status file first; then the first that is added.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "plimsoll/demo/package.h"

namespace plimsoll::demo {

class Catalogue {
 public:
  /// Adds what dpkg says is installed; removed packages that left their settings behind are passed
  /// over. `file` is what errors call the text. Both throw BadInput that names file and line.
  void add_status(const std::string& file, std::string_view text);

  /// Adds what an archive offers.
  void add_list(const std::string& file, std::string_view text);

  [[nodiscard]] std::size_t size() const { return packages_.size(); }

  /// Gives up the packages, sorted by name.
  [[nodiscard]] std::vector<Package> take();

 private:
  void add(Package package);

  std::vector<Package> packages_;
  std::unordered_set<std::string> names_;
};

}  // namespace plimsoll::demo
