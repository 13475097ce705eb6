#include "plimsoll/core/resp/value.h"

#include <array>
#include <optional>

#include "plimsoll/core/resp/number.h"

namespace plimsoll::inline v0 {
namespace {

// Of the numbers that servers write with exponents. INCRBYFLOAT writes all digits instead, in up to
// MAX_LONG_DOUBLE_CHARS (valkey's util.h).
constexpr std::size_t real_text_max = 128;
constexpr std::size_t long_real_text_max = 5 * 1024;

template <std::size_t size_max>
std::optional<double> real_of(const Node* node) {
  std::array<char, size_max> text;
  BytesView(node).copy_to(text.data());
  text[node->size] = '\0';  // to_real() reads one byte behind the number
  const std::string_view view(text.data(), node->size);
  return is_real(view) ? std::optional(to_real(view)) : std::nullopt;
}

[[gnu::noinline]] std::optional<double> long_real_of(const Node* node) {
  return real_of<long_real_text_max>(node);
}

// Returns the first node at or after `node` that is not an attribute: the value that the attributes
// describe.
const Node* behind_attributes(const Node* node) {
  node = follow(node);
  while (node->type == Type::attribute) node = follow(skip(node));
  return node;
}

}  // namespace

const char* name(Type type) {
  switch (type) {
    case Type::null: return "null";
    case Type::boolean: return "boolean";
    case Type::integer: return "integer";
    case Type::real: return "double";
    case Type::big_number: return "big number";
    case Type::simple_string: return "simple string";
    case Type::bulk_string: return "bulk string";
    case Type::verbatim: return "verbatim string";
    case Type::simple_error: return "simple error";
    case Type::bulk_error: return "bulk error";
    case Type::array: return "array";
    case Type::set: return "set";
    case Type::map: return "map";
    case Type::push: return "push";
    case Type::attribute: return "attribute";
    case Type::piece: return "piece";
    case Type::link: return "link";
  }
  return "unknown";
}

void Value::pass_attributes() {
  const Node* const first = follow(node_);
  node_ = behind_attributes(first);
  if (first != node_) attribute_ = first;
}

Error Value::wrong(const char* expected) const {
  return Error{.code = ErrorCode::wrong_type,
               .executed = Executed::yes,
               .what = name(type()),
               .expected = expected};
}

Result<std::int64_t> Value::as_integer() const {
  if (type() != Type::integer) return wrong("integer");
  return node_->integer;
}

Result<bool> Value::as_boolean() const {
  const bool zero_or_one = type() == Type::integer && (node_->integer == 0 || node_->integer == 1);
  if (type() != Type::boolean && !zero_or_one) return wrong("boolean");
  return node_->integer == 1;
}

Result<double> Value::as_real() const {
  if (type() == Type::real) return to_real({node_->bytes, node_->size});
  if (type() == Type::integer) return static_cast<double>(node_->integer);
  if (type() == Type::bulk_string && node_->size < long_real_text_max) {
    const bool is_long = node_->size >= real_text_max;
    const auto real = is_long ? long_real_of(node_) : real_of<real_text_max>(node_);
    if (real) return *real;
  }
  return wrong("double");
}

Result<BytesView> Value::as_bytes() const {
  switch (type()) {
    case Type::simple_string:
    case Type::bulk_string:
    case Type::real:
    case Type::big_number: return BytesView(node_);
    case Type::verbatim: return BytesView(node_, verbatim_format_bytes);
    case Type::null:
    case Type::boolean:
    case Type::integer:
    case Type::simple_error:
    case Type::bulk_error:
    case Type::array:
    case Type::set:
    case Type::map:
    case Type::push:
    case Type::attribute:
    case Type::piece:
    case Type::link: break;
  }
  return wrong("string");
}

Result<BytesView> Value::as_error() const {
  if (!is_error()) return wrong("error");
  return BytesView(node_);
}

Result<VerbatimFormat> Value::as_format() const {
  if (type() != Type::verbatim) return wrong("verbatim string");
  return VerbatimFormat{byte_at(node_, 0), byte_at(node_, 1), byte_at(node_, 2)};
}

Result<Elements> Value::as_elements() const {
  switch (type()) {
    case Type::array:
    case Type::set:
    case Type::push: return Elements(node_ + 1, node_->size);
    case Type::map: return Elements(node_ + 1, std::size_t{node_->size} * 2);
    case Type::null:
    case Type::boolean:
    case Type::integer:
    case Type::real:
    case Type::big_number:
    case Type::simple_string:
    case Type::bulk_string:
    case Type::verbatim:
    case Type::simple_error:
    case Type::bulk_error:
    case Type::attribute:
    case Type::piece:
    case Type::link: break;
  }
  return wrong("array, set, map or push");
}

Result<Entries> Value::as_entries() const {
  if (type() == Type::map) return Entries(Elements(node_ + 1, std::size_t{node_->size} * 2));
  if (type() != Type::array || node_->size % 2 != 0) return wrong("map");
  return Entries(Elements(node_ + 1, node_->size));
}

Entries Value::attributes() const {
  if (attribute_ == nullptr) return Entries(Elements(nullptr, 0));
  return Entries(Elements(attribute_ + 1, std::size_t{attribute_->size} * 2));
}

const Node* Elements::Iterator::next() const { return skip(behind_attributes(node_)); }

}  // namespace plimsoll::inline v0
