#include "plimsoll/tests/sim/model/glob.h"

#include <cstddef>

namespace plimsoll::sim::model {
namespace {

// Takes "[...]" off the front of the pattern; a class that is not closed ends with the pattern.
bool class_matches(std::string_view& pattern, char c) {
  pattern.remove_prefix(1);
  const bool negated = pattern.starts_with('^');
  if (negated) pattern.remove_prefix(1);

  bool found = false;
  while (!pattern.empty() && pattern.front() != ']') {
    char low = pattern.front();
    char high = low;
    std::size_t taken = 1;
    if (low == '\\' && pattern.size() >= 2) {
      low = high = pattern[1];
      taken = 2;
    } else if (pattern.size() >= 3 && pattern[1] == '-') {
      high = pattern[2];
      taken = 3;
      if (low > high) {
        const char other = low;
        low = high;
        high = other;
      }
    }
    found = found || (c >= low && c <= high);
    pattern.remove_prefix(taken);
  }
  if (!pattern.empty()) pattern.remove_prefix(1);
  return found != negated;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
  while (!pattern.empty()) {
    if (pattern.front() == '*') {
      while (pattern.starts_with('*')) pattern.remove_prefix(1);
      if (pattern.empty()) return true;
      for (std::size_t skipped = 0; skipped <= text.size(); ++skipped) {
        if (glob_matches(pattern, text.substr(skipped))) return true;
      }
      return false;
    }
    if (text.empty()) return false;
    if (pattern.front() == '[') {
      if (!class_matches(pattern, text.front())) return false;
    } else if (pattern.front() == '?') {
      pattern.remove_prefix(1);
    } else {
      if (pattern.front() == '\\' && pattern.size() >= 2) pattern.remove_prefix(1);
      if (pattern.front() != text.front()) return false;
      pattern.remove_prefix(1);
    }
    text.remove_prefix(1);
  }
  return text.empty();
}

}  // namespace plimsoll::sim::model
