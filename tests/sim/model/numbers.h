#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::sim::model {

/// The number that `text` spells in the one way in which the server would print it: no plus sign,
/// no leading zero, no blank, no "-0". Everything else is no number to the server either.
std::optional<std::int64_t> parse_integer(std::string_view text);

void append_integer(std::string& text, std::int64_t number);
std::string to_text(std::int64_t number);

/// Nothing if the sum does not fit.
std::optional<std::int64_t> add(std::int64_t left, std::int64_t right);

}  // namespace plimsoll::sim::model
