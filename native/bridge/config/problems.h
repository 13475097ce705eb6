#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// What is wrong with a configuration: one list for all stages, so that the operator sees everything
// at once. None of the lines contains a secret.

namespace plimsoll::bridge {

/// Where a setting stands: in a line of a file, or on the command line.
struct Place {
  std::string file = {};  ///< empty: on the command line, or nowhere
  std::size_t line = 0;   ///< 0: unknown, or the whole file
  std::string key = {};   ///< "profiles.page.allow", "--listen"; empty: the line as a whole

  /// "FILE:LINE: KEY", "FILE:LINE", "--OPTION".
  std::string to_string() const;
};

/// No more problems are listed; the others are only counted.
inline constexpr std::size_t problems_listed_max = 100;

/// Collects problems in any order, and lists them by file and line. Holds at most twice
/// problems_listed_max of them, because a file of tokens may have a million bad lines.
class Problems {
 public:
  /// Puts the problems of `file` behind those of the files that were named before it.
  void begin_file(const std::string& file);

  /// Adds "PLACE: WHAT".
  void add(const Place& place, std::string_view what);
  /// The same for an option, or for the configuration as a whole.
  void add(std::string_view option, std::string_view what);
  /// Adds a line that names its place itself.
  void add_line(const Place& place, std::string line);
  /// Counts problems that nobody has put into words.
  void add_more(std::size_t count) { count_ += count; }

  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }

  /// First those of no file, as they were found; then each file's, by line. If there are more than
  /// problems_listed_max, these are the first in this order, and a line says how many follow.
  std::vector<std::string> lines() const;

 private:
  struct Entry {
    std::size_t file = 0;  // 0: none; otherwise a position in files_, from 1
    std::size_t line = 0;
    std::size_t number = 0;  // how many were found by then
    std::string text;
  };
  static void sort(std::vector<Entry>& entries);
  std::size_t number_of(const std::string& file);

  std::vector<std::string> files_;
  std::vector<Entry> entries_;
  std::size_t count_ = 0;
};

}  // namespace plimsoll::bridge
