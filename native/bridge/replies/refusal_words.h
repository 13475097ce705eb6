#pragma once

#include <string_view>

namespace plimsoll::bridge {

/// The words with which the name of the command begins that the gate sends in place of a refused
/// one, and the text of the error that the client gets.
inline constexpr std::string_view refusal_mark = "plimsoll-bridge: ";

}  // namespace plimsoll::bridge
