#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/core/resp/model.h"

// The two small languages of the conformance documents, described in README.md there: bytes, and
// the values that they stand for.

namespace plimsoll::testing {

/// A document says something that cannot be read.
struct BadNotation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// "<3 x ab>" becomes "ababab"; what is between is not looked at otherwise.
std::string expand_repeats(std::string_view text);

/// The bytes that escapes stand for: \r \n \t \\ \" \xHH.
std::string unescape(std::string_view text);

/// Frames, with ";" between them.
std::vector<Model> parse_values(std::string_view text);

}  // namespace plimsoll::testing
