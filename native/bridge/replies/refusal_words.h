#pragma once

#include <cstddef>
#include <string_view>

namespace plimsoll::bridge {

/// The words with which the name of the command begins that the gate sends in place of a refused
/// one, and the text of the error that the client gets.
inline constexpr std::string_view refusal_mark = "plimsoll-bridge: ";

/// How many bytes of the name of an unknown command a server repeats in its error.
inline constexpr std::size_t unknown_name_bytes_max = 128;

}  // namespace plimsoll::bridge
