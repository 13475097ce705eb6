#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plimsoll/native/config/option_row.h"

namespace plimsoll::native::config {

/// The options in which two configurations differ.
std::vector<const OptionRow*> differences(const Configuration& one, const Configuration& other);

/// What to do where another thread applies something just now: it may wait for the upkeep thread,
/// which therefore must not wait for it.
enum class Busy : std::uint8_t { wait, leave };

/// apply() of a file that is read again: clients keep the cache that they have, and none is made.
/// Nothing: it was left.
std::optional<Result<void>> apply_again(const Configuration& now, Busy busy);

}  // namespace plimsoll::native::config
