#include "plimsoll/tests/core/resp/model.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace plimsoll::testing {
namespace {

std::string bytes_of(const BytesView& bytes) {
  std::string whole(bytes.size(), '\0');
  bytes.copy_to(whole.data());
  std::string pieces;
  bytes.for_each_piece([&](std::string_view piece) { pieces += piece; });
  if (pieces != whole || !(bytes == whole)) whole += " (its pieces do not add up)";
  if (bytes.contiguous() && bytes.view() != whole) whole += " (its view differs)";
  return whole;
}

std::string text_of(const Value& value) {
  if (value.is_error()) return bytes_of(value.as_error().value());
  std::string text = bytes_of(value.as_bytes().value());
  if (value.type() == Type::verbatim) {
    const VerbatimFormat format = value.as_format().value();
    return std::string(format.begin(), format.end()) + ":" + text;
  }
  if (value.type() != Type::real) return text;
  const double read = value.as_real().value();
  const double expected = std::strtod(text.c_str(), nullptr);
  const bool same = std::isnan(expected)
                        ? std::isnan(read)
                        : read == expected && std::signbit(read) == std::signbit(expected);
  return same ? text : text + " (read as " + std::to_string(read) + ")";
}

std::vector<Model> elements_of(const Elements& elements) {
  std::vector<Model> models;
  for (const Value& element : elements) models.push_back(model_of(element));
  if (models.size() != elements.size()) models.push_back(bulk("(size() differs)"));
  return models;
}

std::vector<Model> entries_of(const Entries& entries) {
  std::vector<Model> models;
  for (const auto& [key, value] : entries) {
    models.push_back(model_of(key));
    models.push_back(model_of(value));
  }
  if (models.size() != entries.size() * 2) models.push_back(bulk("(size() differs)"));
  return models;
}

std::string show_row(const std::vector<Model>& models) {
  std::string out;
  for (const Model& model : models) out += (out.empty() ? "" : ", ") + show(model);
  return "[" + out + "]";
}

std::string show_pairs(const std::vector<Model>& models) {
  std::string out = "{";
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (i > 0) out += i % 2 == 0 ? ", " : ": ";
    out += show(models[i]);
  }
  return out + "}";
}

std::string escape_byte(char c) {
  switch (c) {
    case '\r': return "\\r";
    case '\n': return "\\n";
    case '\t': return "\\t";
    case '\\': return "\\\\";
    case '"': return "\\\"";
    default: break;
  }
  char hex[5];
  std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(c));
  return hex;
}

// What stands for itself.
const std::string& plain_characters() {
  static const std::string plain = [] {
    std::string all;
    for (char c = ' '; c <= '~'; ++c) {
      if (c != '"' && c != '\\') all += c;
    }
    return all;
  }();
  return plain;
}

std::string quote(std::string_view bytes) { return "\"" + escape(bytes) + "\""; }

std::string show_bare(const Model& model) {
  switch (model.type) {
    case Type::null: return "null";
    case Type::boolean: return model.integer != 0 ? "true" : "false";
    case Type::integer: return std::to_string(model.integer);
    case Type::real: return "double " + model.text;
    case Type::big_number: return "big " + model.text;
    case Type::simple_string: return "simple " + quote(model.text);
    case Type::bulk_string: return quote(model.text);
    case Type::verbatim: return "verbatim " + quote(model.text);
    case Type::simple_error: return "error " + quote(model.text);
    case Type::bulk_error: return "bulk error " + quote(model.text);
    case Type::array: return show_row(model.elements);
    case Type::set: return "set " + show_row(model.elements);
    case Type::push: return "push " + show_row(model.elements);
    case Type::map: return show_pairs(model.elements);
    case Type::attribute:
    case Type::piece:
    case Type::link: break;
  }
  return "(no value: " + std::string(name(model.type)) + ")";
}

}  // namespace

Model null() { return {}; }

Model boolean(bool value) { return {.type = Type::boolean, .integer = value ? 1 : 0}; }

Model integer(std::int64_t value) { return {.type = Type::integer, .integer = value}; }

Model text(Type type, std::string_view bytes) { return {.type = type, .text = std::string(bytes)}; }

Model bulk(std::string_view bytes) { return text(Type::bulk_string, bytes); }

Model aggregate(Type type, std::vector<Model> elements) {
  return {.type = type, .elements = std::move(elements)};
}

Model array(std::vector<Model> elements) { return aggregate(Type::array, std::move(elements)); }

Model model_of(const Value& value) {
  Model model{.type = value.type()};
  switch (value.type()) {
    case Type::null: break;
    case Type::boolean: model.integer = value.as_boolean().value() ? 1 : 0; break;
    case Type::integer: model.integer = value.as_integer().value(); break;
    case Type::real:
    case Type::big_number:
    case Type::simple_string:
    case Type::bulk_string:
    case Type::verbatim:
    case Type::simple_error:
    case Type::bulk_error: model.text = text_of(value); break;
    case Type::array:
    case Type::set:
    case Type::push: model.elements = elements_of(value.as_elements().value()); break;
    case Type::map: model.elements = entries_of(value.as_entries().value()); break;
    case Type::attribute:
    case Type::piece:
    case Type::link: break;
  }
  model.attributes = entries_of(value.attributes());
  return model;
}

std::string show(const Model& model) {
  const std::string bare = show_bare(model);
  return model.attributes.empty() ? bare : "@" + show_pairs(model.attributes) + " " + bare;
}

std::string show(const Value& value) { return show(model_of(value)); }

std::string escape(std::string_view bytes) {
  const std::string text(bytes);
  const std::string& plain = plain_characters();
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    // Byte by byte is too slow for what fills buffers, under a sanitizer.
    const std::size_t run = std::strspn(text.c_str() + at, plain.c_str());
    out.append(text, at, run);
    at += run;
    if (at < text.size()) out += escape_byte(text[at]);
  }
  return out;
}

std::size_t depth_of(const Model& model) {
  std::size_t inner = 0;
  for (const Model& element : model.elements) inner = std::max(inner, depth_of(element));
  std::size_t depth = is_aggregate(model.type) ? inner + 1 : 0;
  for (const Model& part : model.attributes) depth = std::max(depth, depth_of(part) + 1);
  return depth;
}

}  // namespace plimsoll::testing
