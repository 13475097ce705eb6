#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::inline v0::native::config {

/// Everything that is wrong with a configuration. Lines read "FILE:LINE: KEY: is ...; expected ..."
/// or "--OPTION: ..."; none contains a secret.
class Problems {
 public:
  void add(std::string_view where, std::string_view what) {
    lines_.push_back(std::string(where) + ": " + std::string(what));
  }
  void add_line(std::string line) { lines_.push_back(std::move(line)); }

  bool empty() const { return lines_.empty(); }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

}  // namespace plimsoll::inline v0::native::config
