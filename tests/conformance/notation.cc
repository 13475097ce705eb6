#include "plimsoll/tests/conformance/notation.h"

#include <charconv>
#include <utility>

namespace plimsoll::testing {
namespace {

constexpr std::string_view repeat_word = " x ";

class ValueParser {
 public:
  explicit ValueParser(std::string_view text) : text_(text) {}

  std::vector<Model> parse_frames() {
    std::vector<Model> frames{parse_value()};
    while (take(";")) frames.push_back(parse_value());
    if (!text_.empty()) fail("expected the end");
    return frames;
  }

 private:
  Model parse_value() {
    std::vector<Model> attributes;
    while (take("@{")) {
      for (Model& part : parse_pairs()) attributes.push_back(std::move(part));
    }
    Model model = parse_bare();
    model.attributes = std::move(attributes);
    return model;
  }

  Model parse_bare() {
    if (take("null")) return null();
    if (take("true")) return boolean(true);
    if (take("false")) return boolean(false);
    if (take("double ")) return text(Type::real, take_word());
    if (take("big ")) return text(Type::big_number, take_word());
    if (take("simple ")) return text(Type::simple_string, take_quoted());
    if (take("verbatim ")) return text(Type::verbatim, take_quoted());
    if (take("error ")) return text(Type::simple_error, take_quoted());
    if (take("bulk error ")) return text(Type::bulk_error, take_quoted());
    if (take("set [")) return aggregate(Type::set, parse_row());
    if (take("push [")) return aggregate(Type::push, parse_row());
    if (take("[")) return array(parse_row());
    if (take("{")) return aggregate(Type::map, parse_pairs());
    if (text_.starts_with('"')) return bulk(take_quoted());
    return parse_integer();
  }

  std::vector<Model> parse_row() {
    std::vector<Model> row;
    if (take("]")) return row;
    do row.push_back(parse_value());
    while (take(","));
    if (!take("]")) fail("expected , or ]");
    return row;
  }

  std::vector<Model> parse_pairs() {
    std::vector<Model> pairs;
    if (take("}")) return pairs;
    do {
      pairs.push_back(parse_value());
      if (!take(":")) fail("expected : and a value");
      pairs.push_back(parse_value());
    } while (take(","));
    if (!take("}")) fail("expected , or }");
    return pairs;
  }

  Model parse_integer() {
    const std::string word(take_word());
    std::int64_t value = 0;
    const char* const end = word.data() + word.size();
    const auto [at, problem] = std::from_chars(word.data(), end, value);
    if (problem != std::errc{} || at != end) fail("not a value: " + word);
    return integer(value);
  }

  std::string_view take_word() {
    skip_blanks();
    const std::size_t size = std::min(text_.find_first_of(" ,:;]}"), text_.size());
    const std::string_view word = text_.substr(0, size);
    text_.remove_prefix(size);
    return word;
  }

  std::string take_quoted() {
    if (!take("\"")) fail("expected \"");
    std::size_t size = 0;
    while (size < text_.size() && text_[size] != '"') size += text_[size] == '\\' ? 2 : 1;
    if (size >= text_.size()) fail("expected \" at the end of a string");
    std::string bytes = unescape(text_.substr(0, size));
    text_.remove_prefix(size + 1);
    return bytes;
  }

  bool take(std::string_view token) {
    skip_blanks();
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }

  void skip_blanks() {
    while (text_.starts_with(' ')) text_.remove_prefix(1);
  }

  [[noreturn]] void fail(const std::string& problem) const {
    throw BadNotation(problem + ", at: " + std::string(text_));
  }

  std::string_view text_;
};

}  // namespace

std::string expand_repeats(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t begin = text.find('<');
    out += text.substr(0, begin);
    if (begin == text.npos) return out;
    text.remove_prefix(begin + 1);
    std::size_t count = 0;
    const auto [at, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
    text.remove_prefix(static_cast<std::size_t>(at - text.data()));
    const std::size_t end = text.find('>');
    if (problem != std::errc{} || !text.starts_with(repeat_word) || end == text.npos) {
      throw BadNotation("expected <NUMBER x TEXT>, at: <" + std::string(text));
    }
    const std::string_view repeated = text.substr(repeat_word.size(), end - repeat_word.size());
    for (std::size_t i = 0; i < count; ++i) out += repeated;
    text.remove_prefix(end + 1);
  }
}

std::string unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      out += c;
      continue;
    }
    if (text.empty()) throw BadNotation("a backslash at the end");
    const char kind = text.front();
    text.remove_prefix(1);
    switch (kind) {
      case 'r': out += '\r'; break;
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case '\\':
      case '"': out += kind; break;
      case 'x': {
        unsigned char byte = 0;
        const char* const end = text.data() + std::min<std::size_t>(text.size(), 2);
        const auto [at, problem] = std::from_chars(text.data(), end, byte, 16);
        if (problem != std::errc{} || at != text.data() + 2) {
          throw BadNotation("expected two hexadecimal digits, at: " + std::string(text));
        }
        out += static_cast<char>(byte);
        text.remove_prefix(2);
        break;
      }
      default: throw BadNotation(std::string("unknown escape \\") + kind);
    }
  }
  return out;
}

std::vector<Model> parse_values(std::string_view text) { return ValueParser(text).parse_frames(); }

}  // namespace plimsoll::testing
