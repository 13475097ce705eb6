#include "plimsoll/tests/sim/model/inline_words.h"

#include <cstddef>

namespace plimsoll::sim::model {
namespace {

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');  // isspace() of the C locale
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char unescaped(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

class Words {
 public:
  explicit Words(std::string_view line) : line_(line) {}

  bool at_end() {
    while (position_ < line_.size() && is_blank(line_[position_])) ++position_;
    return position_ == line_.size();
  }

  bool read_word(std::string& word) {
    while (position_ < line_.size() && !is_blank(line_[position_])) {
      const char c = line_[position_++];
      if (c == '"') return read_double_quoted(word);
      if (c == '\'') return read_single_quoted(word);
      word += c;
    }
    return true;
  }

 private:
  char peek(std::size_t ahead) const {
    return position_ + ahead < line_.size() ? line_[position_ + ahead] : '\0';
  }

  bool closed_well() const { return position_ == line_.size() || is_blank(line_[position_]); }

  bool read_double_quoted(std::string& word) {
    while (position_ < line_.size()) {
      const char c = line_[position_++];
      if (c == '"') return closed_well();
      if (c != '\\' || position_ == line_.size()) {
        word += c;
      } else if (peek(0) == 'x' && hex_digit(peek(1)) >= 0 && hex_digit(peek(2)) >= 0) {
        word += static_cast<char>(hex_digit(peek(1)) * 16 + hex_digit(peek(2)));
        position_ += 3;
      } else {
        word += unescaped(line_[position_++]);
      }
    }
    return false;
  }

  bool read_single_quoted(std::string& word) {
    while (position_ < line_.size()) {
      const char c = line_[position_++];
      if (c == '\'') return closed_well();
      if (c == '\\' && peek(0) == '\'') {
        word += '\'';
        ++position_;
      } else {
        word += c;
      }
    }
    return false;
  }

  std::string_view line_;
  std::size_t position_ = 0;
};

}  // namespace

std::optional<std::vector<std::string>> inline_words(std::string_view line) {
  std::vector<std::string> words;
  Words reader(line);
  while (!reader.at_end()) {
    if (!reader.read_word(words.emplace_back())) return std::nullopt;
  }
  return words;
}

}  // namespace plimsoll::sim::model
