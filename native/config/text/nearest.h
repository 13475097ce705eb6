#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

// What somebody may have meant who wrote a name that is none.

namespace plimsoll::native::config {

/// Longer names have no nearest one: this bounds the work.
inline constexpr std::size_t nearest_size_max = 96;

/// How many letters have to be put in, left out, changed, or swapped with their neighbour (each
/// pair once: optimal string alignment), to make one of the other. Both of nearest_size_max at
/// most.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The one of `known` that takes the fewest edits to come from `written`, the first of several; a
/// view of it. Empty where that is more than a quarter of its letters, and more than one.
std::string_view nearest(std::string_view written, std::span<const std::string_view> known);

/// "; did you mean NEAREST?", or nothing.
std::string suggestion(std::string_view nearest);

}  // namespace plimsoll::native::config
