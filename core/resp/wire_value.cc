#include "plimsoll/core/resp/wire_value.h"

#include <charconv>
#include <cstdint>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/base/check.h"
#include "plimsoll/core/resp/bytes_view.h"
#include "plimsoll/core/resp/encoder.h"

namespace plimsoll::inline v0 {
namespace {

std::uint64_t magnitude(std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  return number < 0 ? 0 - bits : bits;
}

// Calls `visit(node)` for `value` and everything inside it except attributes, in the order of the
// wire. Needs no recursion, since nodes lie in a row: it counts the values that are still to come.
template <class Visit>
void for_each_value(const Value& value, Visit visit) {
  const Node* node = value.node();
  for (std::size_t left = 1;;) {
    visit(*node);
    const bool is_pairs = node->type == Type::map;
    if (is_aggregate(node->type)) left += std::size_t{node->size} * (is_pairs ? 2 : 1);
    if (--left == 0) return;
    node = Value(is_aggregate(node->type) ? node + 1 : skip(node)).node();
  }
}

std::size_t size_of(const Node& node) {
  constexpr std::size_t end = 2;  // CR LF
  if (is_aggregate(node.type)) return 1 + encoding::digits_of(node.size) + end;
  if (is_line(node.type)) return 1 + node.size + end;
  switch (node.type) {
    case Type::null: return 1 + end;
    case Type::boolean: return 2 + end;
    case Type::integer:
      return 1 + (node.integer < 0 ? 1 : 0) + encoding::digits_of(magnitude(node.integer)) + end;
    default: return encoding::bulk_size(node.size);
  }
}

char* write_end(char* out) { return copy_bytes("\r\n", out); }

char* write_text(const Node& node, char* out) {
  BytesView(&node).for_each_piece([&out](std::string_view piece) { out = copy_bytes(piece, out); });
  return write_end(out);
}

char* write(const Node& node, char* out) {
  const char sign = sign_of(node.type);
  if (is_aggregate(node.type)) return encoding::write_header(out, sign, node.size);
  if (is_line(node.type)) {
    *out++ = sign;
    return write_text(node, out);
  }
  switch (node.type) {
    case Type::null: *out++ = sign; return write_end(out);
    case Type::boolean:
      *out++ = sign;
      *out++ = node.integer == 1 ? 't' : 'f';
      return write_end(out);
    case Type::integer:
      if (node.integer >= 0) return encoding::write_header(out, sign, magnitude(node.integer));
      *out++ = sign;
      return encoding::write_header(out, '-', magnitude(node.integer));
    default: return write_text(node, encoding::write_header(out, sign, node.size));
  }
}

std::optional<Type> type_of_line(char sign) {
  switch (sign) {
    case '+': return Type::simple_string;
    case '-': return Type::simple_error;
    case ',': return Type::real;
    case '(': return Type::big_number;
    default: return std::nullopt;
  }
}

std::optional<Type> type_of_bulk(char sign) {
  switch (sign) {
    case '$': return Type::bulk_string;
    case '=': return Type::verbatim;
    case '!': return Type::bulk_error;
    default: return std::nullopt;
  }
}

// Reads the decimal digits at `p` as a number. Returns how many digits there are; 0 if there is
// something else.
std::size_t read_length(const char* p, std::size_t& length) {
  std::size_t digits = 0;
  length = 0;
  for (; p[digits] >= '0' && p[digits] <= '9'; ++digits) {
    length = length * 10 + static_cast<std::size_t>(p[digits] - '0');
  }
  return digits;
}

}  // namespace

char sign_of(Type type) {
  switch (type) {
    case Type::null: return '_';
    case Type::boolean: return '#';
    case Type::integer: return ':';
    case Type::real: return ',';
    case Type::big_number: return '(';
    case Type::simple_string: return '+';
    case Type::bulk_string: return '$';
    case Type::verbatim: return '=';
    case Type::simple_error: return '-';
    case Type::bulk_error: return '!';
    case Type::array: return '*';
    case Type::set: return '~';
    case Type::map: return '%';
    case Type::push: return '>';
    case Type::attribute: return '|';
    case Type::piece:
    case Type::link: break;
  }
  PLIMSOLL_CHECK(false);
}

std::size_t wire_size(const Value& value) {
  std::size_t size = 0;
  for_each_value(value, [&size](const Node& node) { size += size_of(node); });
  return size;
}

char* write_wire(const Value& value, char* out) {
  for_each_value(value, [&out](const Node& node) { out = write(node, out); });
  return out;
}

bool WireReader::read_scalar(std::string_view wire) {
  constexpr std::size_t line_bytes_min = 3;  // "_\r\n"
  PLIMSOLL_CHECK(wire.size() >= line_bytes_min);
  const char* const p = wire.data();
  const std::size_t line_size = wire.size() - line_bytes_min;
  node_.split = false;
  if (const auto bulk = type_of_bulk(*p)) {
    std::size_t length = 0;
    const std::size_t digits = read_length(p + 1, length);
    if (digits == 0) return false;  // RESP2's null, or a streamed one
    PLIMSOLL_CHECK(1 + digits + 2 + length + 2 == wire.size());
    node_.type = *bulk;
    node_.size = static_cast<std::uint32_t>(length);
    node_.bytes = p + 1 + digits + 2;
    return true;
  }
  if (const auto line = type_of_line(*p)) {
    node_.type = *line;
    node_.size = static_cast<std::uint32_t>(line_size);
    node_.bytes = p + 1;
    return true;
  }
  node_.size = 0;
  switch (*p) {
    case '_':
      node_.type = Type::null;
      node_.integer = 0;
      return true;
    case '#':
      node_.type = Type::boolean;
      node_.integer = p[1] == 't' ? 1 : 0;
      return true;
    case ':': {
      node_.type = Type::integer;
      const char* const digits = p + (p[1] == '+' ? 2 : 1);
      return std::from_chars(digits, wire.data() + wire.size(), node_.integer).ec == std::errc();
    }
    default: return false;
  }
}

Result<Value> WireReader::read_any(std::string_view wire) {
  if (!parsing_) parsing_.emplace(payer_);
  Parser& parser = parsing_->parser;
  const char* at = wire.data();
  const char* const end = at + wire.size();
  parser.begin_frame(SIZE_MAX);
  const Parser::Outcome outcome = parser.parse(at, end, end);
  PLIMSOLL_CHECK(outcome == Parser::Outcome::frame && at == end);
  if (parser.dropped() == Parser::Drop::none) return Value(parsing_->tape.first());
  return Error{.code = ErrorCode::reply_too_large,
               .executed = Executed::yes,
               .what = "no room left to read a kept reply"};
}

}  // namespace plimsoll::inline v0
