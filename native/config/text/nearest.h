#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

// Suggests a known name for a misspelled one.

namespace plimsoll::inline v0::native::config {

/// No name is suggested for a longer one: this bounds the work.
inline constexpr std::size_t nearest_size_max = 96;

/// Returns how many letters must be inserted, removed, changed, or swapped with their neighbour
/// (each pair once: optimal string alignment) to turn one name into the other. Neither may be
/// longer than nearest_size_max.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Returns the first of `known` with the fewest edits from `written`, as a view of it. Empty if
/// every known name needs more than one edit, and more edits than a quarter of its letters.
std::string_view nearest(std::string_view written, std::span<const std::string_view> known);

/// "; did you mean NEAREST?", or nothing.
std::string suggestion(std::string_view nearest);

}  // namespace plimsoll::inline v0::native::config
