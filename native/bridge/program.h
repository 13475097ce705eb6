#pragma once

#include <functional>

#include "plimsoll/native/bridge/config/config.h"
#include "plimsoll/native/bridge/config/read_config.h"

namespace plimsoll::bridge {

/// Runs the bridge until SIGTERM or SIGINT. On SIGUSR1 it writes its metrics to stderr. On SIGHUP
/// it takes tokens and keys from what `read_again` returns. Returns the exit status; errors go to
/// stderr.
int run(const Config& config, const std::function<ReadConfig()>& read_again);

/// Checks whether run() could start, as far as that is possible without listening or writing.
/// Returns the exit status.
int check(const Config& config);

}  // namespace plimsoll::bridge
