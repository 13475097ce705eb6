#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plimsoll/native/bridge/gate/policy.h"

// A policy asked about commands as one would type them, for tests.

namespace plimsoll::testing {

/// Words between blanks. "\\0" is a zero byte, "\"\"" an empty word.
inline std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    std::string word(text.substr(0, text.find(' ')));
    text.remove_prefix(word.size() + (word.size() < text.size() ? 1 : 0));
    for (std::size_t at = 0; (at = word.find("\\0", at)) != word.npos;) {
      word.replace(at, 2, 1, '\0');
    }
    if (word == "\"\"") word.clear();
    words.push_back(word);
  }
  return words;
}

inline bridge::Policy policy_of(const bridge::Rules& rules) {
  return std::get<bridge::Policy>(bridge::Policy::create(rules));
}

/// "allowed", or the reason why not.
inline std::string judged(const bridge::Policy& policy, std::string_view command) {
  const std::vector<std::string> words = words_in(command);
  const std::vector<std::string_view> views(words.begin(), words.end());
  const bridge::Verdict verdict = policy.judge(views);
  return verdict.is_allowed() ? "allowed" : std::string(verdict.reason());
}

/// Bytes of the command as a client sends it.
inline std::string encoded(std::string_view command) {
  const std::vector<std::string> words = words_in(command);
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return bytes;
}

}  // namespace plimsoll::testing
