#pragma once

#include <functional>

#include "plimsoll/native/bridge/config/config.h"
#include "plimsoll/native/bridge/config/read_config.h"

namespace plimsoll::bridge {

/// Runs the bridge until SIGTERM or SIGINT. SIGUSR1 has it write what it has done to stderr, SIGHUP
/// take its tokens and keys from what `read_again` reads. Returns the exit status; what is wrong is
/// said on stderr.
int run(const Config& config, const std::function<ReadConfig()>& read_again);

/// Says whether run() could start with this, as far as it can be told without listening or writing.
/// Returns the exit status.
int check(const Config& config);

}  // namespace plimsoll::bridge
