#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <concepts>
#include <string_view>
#include <type_traits>

namespace plimsoll::inline v0::native {

/// The default completion token of every call: start now, and return a Call.
struct Start {};

/// A type that a command takes as an argument, and that therefore is no completion token.
template <class T>
concept CommandArgument = std::is_arithmetic_v<T> || std::is_enum_v<T> ||
                          std::convertible_to<const T&, std::string_view> ||
                          requires { typename T::Argument; } ||  // ours
                          requires { typename T::period; } ||    // durations
                          requires { typename T::clock; } ||     // points in time
                          requires(const T& range) { range.begin(); };

/// A completion token. Without this, one argument too many would be taken for a token.
template <class T>
concept CompletionToken = !CommandArgument<std::remove_cvref_t<T>>;

}  // namespace plimsoll::inline v0::native
