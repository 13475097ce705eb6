#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "plimsoll/core/base/check.h"

// What was done in a world so far, in words, and the end that it takes when something does not
// hold. There is one world at a time.

namespace plimsoll::exhaustive {

/// Thrown by Story::fail(); what() is the property and the moves that lead to its violation.
class Failure : public std::runtime_error {
 public:
  Failure(const std::string& property, const std::string& moves)
      : std::runtime_error("does not hold: " + property + ", after\n" + moves),
        property_(property) {}

  const std::string& property() const { return property_; }

 private:
  std::string property_;
};

class Story {
 public:
  /// From here on a failed CHECK prints the story as well, or calls what was set in its place.
  Story();
  ~Story();
  Story(const Story&) = delete;
  Story& operator=(const Story&) = delete;

  /// A move, as a literal, and a number that goes with it.
  void add(const char* move) { lines_.push_back({move, no_number}); }
  void add(const char* move, std::uint64_t number) { lines_.push_back({move, number}); }

  [[noreturn]] void fail(const std::string& property) const;
  void require(bool holds, const char* property) const {
    if (!holds) [[unlikely]]
      fail(property);
  }

  static void set_check_hook(CheckHook hook);

  /// A line each.
  std::string text() const;

 private:
  static constexpr std::uint64_t no_number = UINT64_MAX;

  struct Line {
    const char* move;
    std::uint64_t number;
  };

  std::vector<Line> lines_;
};

}  // namespace plimsoll::exhaustive
