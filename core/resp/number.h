#pragma once

#include <cstdint>
#include <string_view>

#include "plimsoll/core/resp/node.h"

// Checks and reads the text forms of numbers in RESP3: strictly, and whatever the locale.

namespace plimsoll::inline v0 {

/// Whether `text` is "[+-]digits[.digits][e[+-]digits]", "inf", "-inf", "nan" or "-nan".
bool is_real(std::string_view text);

/// Whether `text` is "[+-]digits".
bool is_big_number(std::string_view text);

/// The double nearest to `text`, for which is_real() must hold. The byte behind `text` must be
/// readable and not belong to a number, since strtod() is used on wasm32; on the wire it is the CR.
double to_real(std::string_view text);

/// Byte `index` of the string at `node`, split or not. The string must have more than `index`
/// bytes.
char byte_at(const Node* node, std::uint32_t index);

}  // namespace plimsoll::inline v0
