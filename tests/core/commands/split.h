#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::testing {

/// The words of a command as somebody might type it; views of themselves.
class TypedWords {
 public:
  explicit TypedWords(std::string_view text) {
    std::istringstream in{std::string(text)};
    for (std::string word; in >> word;) words_.push_back(word);
    views_.assign(words_.begin(), words_.end());
  }
  TypedWords(const TypedWords&) = delete;
  TypedWords& operator=(const TypedWords&) = delete;

  const std::vector<std::string_view>& views() const { return views_; }

 private:
  std::vector<std::string> words_;
  std::vector<std::string_view> views_;
};

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

}  // namespace plimsoll::testing
