#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/core/resp/model.h"

// Reads the rows out of the conformance documents' tables.

namespace plimsoll::testing {

/// One row: bytes, and either the values that they are, or where and why they are refused, or why
/// they are a frame that is skipped.
struct ConformanceCase {
  std::string name;  // "resp2.md: Arrays: an empty array"
  std::string bytes;
  std::vector<Model> frames;
  std::string error;    // as Reading::outcome() has it, or ""
  std::string skipped;  // likewise
};

/// All rows of the document `name` in tests/conformance. Throws BadNotation, with the line, where a
/// table cannot be read.
std::vector<ConformanceCase> read_document(std::string_view name);

}  // namespace plimsoll::testing
