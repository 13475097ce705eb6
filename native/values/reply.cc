#include "plimsoll/reply.h"

namespace plimsoll::inline v0::native {
namespace {

void append_quoted(std::string& out, const BytesView& bytes) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  bytes.for_each_piece([&out](std::string_view piece) {
    for (char c : piece) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
      } else if (byte < 0x20 || byte == 0x7f) {
        out += "\\x";
        out += hex[byte >> 4];
        out += hex[byte & 15];
      } else {
        out += c;
      }
    }
  });
  out += '"';
}

// Recursion is bounded by nesting_depth_max.
void append(std::string& out, const Value& value);

void append_elements(std::string& out, const Value& value, char open, char close) {
  out += open;
  bool first = true;
  if (value.type() == Type::map) {
    for (const Entry& entry : *value.as_entries()) {
      if (!std::exchange(first, false)) out += ", ";
      append(out, entry.key);
      out += ": ";
      append(out, entry.value);
    }
  } else {
    for (const Value& element : *value.as_elements()) {
      if (!std::exchange(first, false)) out += ", ";
      append(out, element);
    }
  }
  out += close;
}

void append(std::string& out, const Value& value) {
  switch (value.type()) {
    case Type::null: out += "null"; return;
    case Type::boolean: out += *value.as_boolean() ? "true" : "false"; return;
    case Type::integer: out += std::to_string(*value.as_integer()); return;
    case Type::real:
    case Type::big_number:
    case Type::simple_string: out += to_string(*value.as_bytes()); return;
    case Type::bulk_string:
    case Type::verbatim: append_quoted(out, *value.as_bytes()); return;
    case Type::simple_error:
    case Type::bulk_error:
      out += "error ";
      append_quoted(out, *value.as_error());
      return;
    case Type::array:
    case Type::push: append_elements(out, value, '[', ']'); return;
    case Type::set:
    case Type::map: append_elements(out, value, '{', '}'); return;
    case Type::attribute:
    case Type::piece:
    case Type::link: return;
  }
}

}  // namespace

std::string to_string(const BytesView& bytes) {
  if (bytes.contiguous()) return std::string(bytes.view());
  std::string text;
  text.reserve(bytes.size());
  bytes.for_each_piece([&text](std::string_view piece) { text += piece; });
  return text;
}

std::string to_string(const Value& value) {
  std::string text;
  append(text, value);
  return text;
}

std::string Reply::to_string() const { return native::to_string(value()); }

}  // namespace plimsoll::inline v0::native
