#pragma once

// The process that is looked at: one client at the job. It tells on standard output, ten times a
// second, how far it is and what it keeps, and ends when standard input does.

#include "plimsoll/bench/burst/account.h"

namespace plimsoll::bench {

/// Ends the process.
[[noreturn]] void run_worker(const WorkerOptions& options);

}  // namespace plimsoll::bench
