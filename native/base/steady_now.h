#pragma once

#include <chrono>

#include "plimsoll/core/base/time.h"

namespace plimsoll::native {

/// What the core takes for the time.
inline Instant steady_now() { return Instant(std::chrono::steady_clock::now().time_since_epoch()); }

}  // namespace plimsoll::native
