#pragma once

#include <string_view>

namespace plimsoll::sim::model {

/// Whether the whole text fits the server's kind of pattern: * ? [abc] [^abc] [a-c] and \ escapes.
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace plimsoll::sim::model
