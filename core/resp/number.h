#pragma once

#include <cstdint>
#include <string_view>

#include "plimsoll/core/resp/node.h"

// The text forms of numbers in RESP3, checked strictly and read without a locale.

namespace plimsoll {

/// "[+-]digits[.digits][e[+-]digits]", "inf", "-inf", "nan" or "-nan".
bool is_real(std::string_view text);

/// "[+-]digits".
bool is_big_number(std::string_view text);

/// The double nearest to `text`, for which is_real() holds. The byte behind `text` must be readable
/// and no part of a number: on the wire it is the CR.
double to_real(std::string_view text);

/// Byte `index` of the string at `node`, split or not. It must have that many.
char byte_at(const Node* node, std::uint32_t index);

}  // namespace plimsoll
