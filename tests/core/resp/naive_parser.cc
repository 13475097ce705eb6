#include "plimsoll/tests/core/resp/naive_parser.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "plimsoll/tests/core/resp/model.h"

namespace plimsoll::testing {
namespace {

constexpr std::size_t depth_max = 64;
constexpr std::size_t line_max = 16384;
constexpr std::uint64_t string_max = 536870912;
constexpr std::uint64_t elements_max = 134217728;
constexpr std::size_t digits_max = 19;

/// The bytes end before the value does.
struct Incomplete {};

struct Wrong {
  std::size_t at;
  std::string what;
};

enum class Inside { counted, streamed };

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class NaiveParser {
 public:
  explicit NaiveParser(std::string_view bytes) : bytes_(bytes) {}

  bool done() const { return at_ == bytes_.size(); }
  std::size_t position() const { return at_; }

  /// The next frame, as show() has it, or why it is skipped.
  std::string read_frame() {
    skipped_.clear();
    const std::string shown = show(parse_value(0, Inside::counted));
    return skipped_.empty() ? shown : skipped_;
  }

  Model parse_value(std::size_t depth, Inside inside) {
    std::vector<Model> attributes;
    for (bool is_told = false; peek() == '|';) {
      const std::size_t begin = at_;
      if (is_told) {
        take();
        parse_count();
        wrong(begin, "attribute describes another attribute; expected a value");
      }
      attributes = parse_attribute(depth);
      // Of what is too deep, where an attribute ends that has something in it is not known.
      is_told = depth <= depth_max || attributes.empty();
    }
    if (peek() == '.') {
      const std::size_t begin = at_;
      if (inside == Inside::counted)
        wrong(begin, "end of a streamed aggregate where none is open; expected a value");
      parse_end();
      wrong(begin, "attribute describes nothing; expected a value");
    }
    Model model = parse_bare(depth);
    model.attributes = std::move(attributes);
    return model;
  }

 private:
  Model parse_bare(std::size_t depth) {
    const std::size_t begin = at_;
    switch (const char kind = take()) {
      case '+': return text(Type::simple_string, parse_line(begin));
      case '-': return text(Type::simple_error, parse_line(begin));
      case ',': return parse_real(begin);
      case '(': return parse_big_number(begin);
      case ':': return parse_integer();
      case '_': expect("\r\n", "null is not empty; expected CR LF"); return null();
      case '#': return parse_boolean();
      case '$': return parse_bulk();
      case '!': return text(Type::bulk_error, parse_payload(parse_string_length()));
      case '=': return parse_verbatim();
      case '*':
        if (peek() == '-') {
          expect("-1\r\n", "length is negative; expected -1 CR LF, or digits");
          return null();
        }
        return parse_aggregate(Type::array, begin, depth);
      case '~': return parse_aggregate(Type::set, begin, depth);
      case '%': return parse_aggregate(Type::map, begin, depth);
      case '>': return parse_aggregate(Type::push, begin, depth);
      default:
        static_cast<void>(kind);
        wrong(begin, "unknown type byte; expected one of $ : + * % ~ > | - , ( _ # = ! .");
    }
  }

  Model parse_integer() {
    const bool negative = peek() == '-';
    if (peek() == '-' || peek() == '+') take();
    const std::size_t begin = at_;
    const std::uint64_t size = parse_digits("integer has no digits; expected digits",
                                            "integer does not fit 64 bits; expected an integer");
    expect("\r\n", "integer does not end in CR LF; expected CR LF");
    const std::uint64_t largest = static_cast<std::uint64_t>(INT64_MAX) + (negative ? 1 : 0);
    if (size > largest) wrong(begin, "integer does not fit 64 bits; expected an integer");
    return integer(static_cast<std::int64_t>(negative ? 0 - size : size));
  }

  Model parse_boolean() {
    const char value = peek();
    if (value != 't' && value != 'f') wrong(at_, "not a boolean; expected t or f");
    take();
    expect("\r\n", "boolean does not end in CR LF; expected CR LF");
    return boolean(value == 't');
  }

  Model parse_real(std::size_t begin) {
    const std::string line = parse_line(begin);
    std::size_t at = 0;
    const auto digits = [&] {
      const std::size_t before = at;
      while (at < line.size() && is_digit(line[at])) ++at;
      return at > before;
    };
    const auto one_of = [&](std::string_view set) {
      const bool found = at < line.size() && set.find(line[at]) != set.npos;
      if (found) ++at;
      return found;
    };
    one_of("+-");
    bool good = digits();
    if (good && one_of(".")) good = digits();
    if (good && one_of("eE")) {
      one_of("+-");
      good = digits();
    }
    const bool word = line == "inf" || line == "-inf" || line == "nan" || line == "-nan";
    if (!word && (!good || at != line.size())) {
      wrong(begin + 1,
            "not a double; expected digits with fraction and exponent, inf, -inf or nan");
    }
    return text(Type::real, line);
  }

  Model parse_big_number(std::size_t begin) {
    const std::string line = parse_line(begin);
    const std::size_t sign = !line.empty() && (line[0] == '-' || line[0] == '+') ? 1 : 0;
    bool good = line.size() > sign;
    for (std::size_t i = sign; i < line.size(); ++i) good = good && is_digit(line[i]);
    if (!good) wrong(begin + 1, "not a big number; expected digits");
    return text(Type::big_number, line);
  }

  Model parse_bulk() {
    if (peek() == '-') {
      expect("-1\r\n", "length is negative; expected -1 CR LF, or digits");
      return null();
    }
    if (peek() != '?') return bulk(parse_payload(parse_string_length()));
    expect("?\r\n", "length is not a number; expected ? CR LF");
    std::string whole;
    for (;;) {
      const std::size_t begin = at_;
      if (peek() != ';') wrong(begin, "streamed string goes on with another type; expected ;");
      take();
      const std::uint64_t length = parse_length();
      if (length == 0) return bulk(whole);
      if (length > string_max - whole.size()) {
        wrong(begin,
              "streamed string is too long; expected at most bulk_bytes_max (536870912) bytes");
      }
      whole += parse_payload(length);
    }
  }

  Model parse_verbatim() {
    const std::size_t begin = at_;
    const std::uint64_t length = parse_string_length();
    if (length < 4) {
      wrong(begin, "verbatim string is too short; expected a format of 3 bytes and a colon");
    }
    if (bytes_.size() - at_ < 4) throw Incomplete{};
    if (bytes_[at_ + 3] != ':') wrong(at_ + 3, "verbatim string has no format; expected a colon");
    return text(Type::verbatim, parse_payload(length));
  }

  Model parse_aggregate(Type type, std::size_t begin, std::size_t depth) {
    if (type != Type::push && peek() == '?') {
      expect("?\r\n", "length is not a number; expected ? CR LF");
      if (depth >= depth_max) {
        wrong(begin,
              "streamed aggregates are nested too deeply; expected at most nesting_depth_max (64) "
              "levels");
      }
      return aggregate(type, parse_streamed(type, depth + 1));
    }
    const std::size_t digits = at_;
    const std::uint64_t count = parse_count();
    if (type == Type::push && count == 0) wrong(digits, "push is empty; expected its kind first");
    note_depth(begin, depth);
    return aggregate(type, parse_elements(type == Type::map ? count * 2 : count, depth + 1));
  }

  std::vector<Model> parse_attribute(std::size_t depth) {
    const std::size_t begin = at_;
    take();
    const std::uint64_t count = parse_count();
    note_depth(begin, depth);
    return parse_elements(count * 2, depth + 1);
  }

  std::vector<Model> parse_elements(std::uint64_t count, std::size_t depth) {
    std::vector<Model> elements;
    while (count-- > 0) elements.push_back(parse_value(depth, Inside::counted));
    return elements;
  }

  std::vector<Model> parse_streamed(Type type, std::size_t depth) {
    std::vector<Model> elements;
    while (peek() != '.') elements.push_back(parse_value(depth, Inside::streamed));
    const std::size_t begin = at_;
    parse_end();
    if (type == Type::map && elements.size() % 2 != 0) {
      wrong(begin, "streamed map ends behind a key; expected its value");
    }
    return elements;
  }

  void parse_end() {
    take();
    expect("\r\n", "end of a streamed aggregate is not empty; expected CR LF");
  }

  std::uint64_t parse_count() {
    const std::size_t begin = at_;
    const std::uint64_t count = parse_length();
    if (count > elements_max) {
      wrong(begin,
            "aggregate is too long; expected at most aggregate_elements_max (134217728) elements");
    }
    return count;
  }

  std::uint64_t parse_string_length() {
    const std::size_t begin = at_;
    const std::uint64_t length = parse_length();
    if (length > string_max) {
      wrong(begin, "string is too long; expected at most bulk_bytes_max (536870912) bytes");
    }
    return length;
  }

  std::uint64_t parse_length() {
    const std::uint64_t length = parse_digits("length has no digits; expected digits",
                                              "length has too many digits; expected a length");
    expect("\r\n", "length does not end in CR LF; expected CR LF");
    return length;
  }

  std::uint64_t parse_digits(const char* none, const char* too_many) {
    const std::size_t begin = at_;
    if (!is_digit(peek())) wrong(begin, none);
    std::uint64_t number = 0;
    while (is_digit(peek())) {
      if (at_ - begin == digits_max) wrong(begin, too_many);
      number = number * 10 + static_cast<std::uint64_t>(take() - '0');
    }
    return number;
  }

  std::string parse_payload(std::uint64_t length) {
    if (bytes_.size() - at_ < length) throw Incomplete{};
    std::string payload(bytes_.substr(at_, length));
    at_ += length;
    expect("\r\n", "string does not end in CR LF; expected CR LF");
    return payload;
  }

  std::string parse_line(std::size_t begin) {
    const std::size_t text_begin = at_;
    for (; peek() != '\r'; take()) {
      if (peek() == '\n') wrong(at_, "line has an LF without CR; expected CR LF");
      if (at_ - text_begin == line_max) return parse_long_line(begin, text_begin);
    }
    std::string line(bytes_.substr(text_begin, at_ - text_begin));
    take();
    if (peek() != '\n') wrong(at_ - 1, "line has a CR without LF; expected CR LF");
    take();
    return line;
  }

  // No value, but what is wrong with it is found byte by byte.
  std::string parse_long_line(std::size_t begin, std::size_t text_begin) {
    if (bytes_[begin] == ',') {
      wrong(begin, "double is too long; expected at most line_bytes_max (16384) bytes");
    }
    skip("line too long", begin);
    if (bytes_[begin] == '(') {
      at_ = text_begin;
      if (peek() == '-' || peek() == '+') take();
      while (is_digit(peek())) take();
      if (peek() != '\r' && peek() != '\n') wrong(at_, "not a big number; expected digits");
    }
    for (; peek() != '\r'; take()) {
      if (peek() == '\n') wrong(at_, "line has an LF without CR; expected CR LF");
    }
    take();
    if (peek() != '\n') wrong(at_ - 1, "line has a CR without LF; expected CR LF");
    take();
    return "0";
  }

  void note_depth(std::size_t begin, std::size_t depth) {
    if (depth >= depth_max) skip("nested too deeply", begin);
  }

  void skip(const std::string& why, std::size_t at) {
    if (skipped_.empty()) skipped_ = "(" + why + " at " + std::to_string(at) + ")";
  }

  void expect(std::string_view wanted, const char* what) {
    for (const char c : wanted) {
      if (peek() != c) wrong(at_, what);
      take();
    }
  }

  char peek() const {
    if (done()) throw Incomplete{};
    return bytes_[at_];
  }

  char take() {
    const char c = peek();
    ++at_;
    return c;
  }

  [[noreturn]] static void wrong(std::size_t at, const std::string& what) { throw Wrong{at, what}; }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::string skipped_;
};

}  // namespace

NaiveOutcome naive_read(std::string_view bytes) {
  NaiveOutcome outcome;
  NaiveParser parser(bytes);
  try {
    while (!parser.done()) {
      outcome.frames.push_back(parser.read_frame());
    }
  } catch (const Incomplete&) {
    outcome.end = "...";
  } catch (const Wrong& wrong) {
    outcome.end = "error at " + std::to_string(wrong.at) + ": " + wrong.what;
  }
  return outcome;
}

std::string naive_outcome(std::string_view bytes) {
  const NaiveOutcome outcome = naive_read(bytes);
  std::string out;
  for (const std::string& frame : outcome.frames) out += (out.empty() ? "" : "; ") + frame;
  if (!outcome.end.empty()) out += (out.empty() ? "" : "; ") + outcome.end;
  return out;
}

}  // namespace plimsoll::testing
