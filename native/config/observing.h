#pragma once

#include "plimsoll/native/config/configuration.h"

namespace plimsoll::native::config {

/// Begins, moves or ends what shows the process to others: figures, and dumps, which say `now`.
/// `before` is what held until then; what a program has begun by itself, and neither speaks of,
/// stays. Errors of serve_metrics() and dump_on_signal(); then `before` holds again.
Result<void> observe(const Configuration& before, const Configuration& now);

}  // namespace plimsoll::native::config
