// The cluster's demo from its start to its end.
#pragma once

#include "plimsoll/demo/cluster/options.h"
#include "plimsoll/demo/report.h"

namespace plimsoll::demo {

/// Returns the exit status: 0 if nothing was wrong, 130 after Ctrl-C where there is no page.
int run_in_cluster(const ClusterDemoOptions& options, Report& report);

}  // namespace plimsoll::demo
