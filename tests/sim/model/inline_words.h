#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::sim::model {

/// The words of an inline command: separated by blanks, with "double" quotes in which a backslash
/// escapes (\n \r \t \b \a \xHH) and 'single' quotes in which only \' does. Nothing if a quote is
/// not closed, or not followed by a blank.
std::optional<std::vector<std::string>> inline_words(std::string_view line);

}  // namespace plimsoll::sim::model
