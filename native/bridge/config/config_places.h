#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "plimsoll/native/bridge/config/problems.h"

// Remembers where the settings of a configuration stand, for problems that are found after the file
// was read.

namespace plimsoll::bridge {

class ConfigPlaces {
 public:
  void set_file(std::string file) { file_ = std::move(file); }

  /// Notes that the setting at `path`, "profiles.page.allow", stands in `line` of the file.
  void note(std::string path, std::size_t line) { lines_[std::move(path)] = line; }
  /// Notes that an option of the command line, "--listen", replaces the setting at `path`.
  void replace(std::string path, std::string option);

  /// Where the setting at `path` stands. If it is missing: the line of the table around it.
  Place of(std::string_view path) const;

  /// Whether the file has this key or table, even if its value is wrong.
  bool has(std::string_view path) const { return lines_.find(path) != lines_.end(); }

 private:
  std::string file_;
  std::map<std::string, std::size_t, std::less<>> lines_;
  std::map<std::string, std::string, std::less<>> options_;
};

}  // namespace plimsoll::bridge
