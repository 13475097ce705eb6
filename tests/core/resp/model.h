#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/resp/value.h"

// A reply as a plain tree that owns all it has: what tests expect, and what they turn a Value into.
// show() writes it as tests/conformance/README.md describes, so that a difference can be read.

namespace plimsoll::testing {

struct Model {
  Type type = Type::null;
  std::int64_t integer = 0;         // integer; boolean as 0 or 1
  std::string text{};               // strings; numbers in text form; verbatim with its format
  std::vector<Model> elements{};    // of aggregates; of maps keys and values in turn
  std::vector<Model> attributes{};  // keys and values in turn

  friend bool operator==(const Model&, const Model&) = default;
};

Model null();
Model boolean(bool value);
Model integer(std::int64_t value);
Model text(Type type, std::string_view bytes);
Model bulk(std::string_view bytes);
Model aggregate(Type type, std::vector<Model> elements);
Model array(std::vector<Model> elements);

/// All that Value's public surface tells about the reply. A double that is read as another number
/// than strtod() finds in its text, or bytes whose pieces do not add up, show in the text.
Model model_of(const Value& value);

/// "[1, "two", set [3]]".
std::string show(const Model& model);
std::string show(const Value& value);

/// Bytes in the escapes of the conformance documents, and between quotes in show().
std::string escape(std::string_view bytes);

/// Levels of aggregates inside each other, as the parser counts them.
std::size_t depth_of(const Model& model);

}  // namespace plimsoll::testing
