#pragma once

#include <chrono>

#include "plimsoll/core/base/time.h"

namespace plimsoll::native {

/// The time that drivers pass to the core.
inline Instant steady_now() { return Instant(std::chrono::steady_clock::now().time_since_epoch()); }

}  // namespace plimsoll::native
