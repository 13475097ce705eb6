#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::native::config {

/// What is wrong with a configuration, all of it at once. Lines read "FILE:LINE: KEY: is ...;
/// expected ..." or "--OPTION: ..."; none has a secret in it.
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

}  // namespace plimsoll::native::config
