#pragma once

#include <algorithm>
#include <string_view>

namespace plimsoll::inline v0::commands {

/// Folds to upper case: the server accepts names of commands and their tokens in either case.
constexpr char folded(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

inline bool is_token(std::string_view word, std::string_view upper_case) {
  return std::equal(word.begin(), word.end(), upper_case.begin(), upper_case.end(),
                    [](char a, char b) { return folded(a) == b; });
}

inline bool is_same_name(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return folded(a) == folded(b); });
}

}  // namespace plimsoll::inline v0::commands
