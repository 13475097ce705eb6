// One run of the demo: files, server, load, walk, and what they took.
#pragma once

#include "plimsoll/demo/options.h"
#include "plimsoll/demo/report.h"

namespace plimsoll::demo {

/// The process's exit status: 0 if all replies were right, 130 after a signal, else 1. What went
/// wrong is in the report.
int run(const Options& options, Report& report);

}  // namespace plimsoll::demo
