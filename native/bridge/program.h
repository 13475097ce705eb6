#pragma once

#include <functional>

#include "plimsoll/native/bridge/config/read_config.h"

namespace plimsoll::bridge {

/// Runs the bridge until SIGTERM or SIGINT. On SIGUSR1 it writes its metrics to stderr. On SIGHUP
/// it takes tokens and keys from what `read_again` returns. Returns the exit status; all problems
/// of the configuration go to stderr, one on each line, before anything is opened.
int run(ReadConfig read, const std::function<ReadConfig()>& read_again);

/// Checks whether run() could start, as far as that is possible without listening or writing.
/// Reports the same problems as run(), or that there are none. Returns the exit status.
int check(ReadConfig read);

}  // namespace plimsoll::bridge
