#pragma once

#include <string>
#include <string_view>

#include "plimsoll/core/resp/value.h"

// How the examples write replies down.

namespace plimsoll::testing {

enum class Order : std::uint8_t { kept, sorted };

/// The value as native::to_string() shows it, with what has no order (sets and maps, anywhere in
/// it; with Order::sorted the value's own elements too) in the order of its text.
std::string shown(const Value& value, Order order = Order::kept);

/// Whether `text` is as the pattern says, in which "…" stands for any text, also for none.
bool matches(std::string_view text, std::string_view pattern);

}  // namespace plimsoll::testing
