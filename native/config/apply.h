#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plimsoll/native/config/option_row.h"

namespace plimsoll::inline v0::native::config {

/// The options whose values differ between two configurations.
std::vector<const OptionRow*> differences(const Configuration& one, const Configuration& other);

/// What to do while another thread is applying a configuration. That thread may wait for the upkeep
/// thread, so the upkeep thread must not wait for it: it passes `leave`, and tries again later.
enum class Busy : std::uint8_t { wait, leave };

/// Like apply(), for a file that was read again: clients keep their cache, and no cache is created.
/// Returns nothing if another thread is applying and `busy` is `leave`.
std::optional<Result<void>> apply_again(const Configuration& now, Busy busy);

}  // namespace plimsoll::inline v0::native::config
