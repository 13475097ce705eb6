#pragma once

#include <functional>

#include "plimsoll/native/bridge/config/read_config.h"
#include "plimsoll/native/bridge/event_log.h"
#include "plimsoll/native/bridge/held_signals.h"
#include "plimsoll/native/bridge/log_output.h"

namespace plimsoll::bridge {

/// Runs the bridge until SIGTERM or SIGINT; a second one ends the lame duck. On SIGUSR1 it writes
/// its metrics to `log`. On SIGHUP it takes tokens and keys from what `read_again` returns. Returns
/// the exit status; all problems of the configuration go to `log`, one on each line, before
/// anything is opened. The log takes the format of the configuration. Releases `held` once it
/// handles signals. `errors`: standard error, where `log` writes, and the access log may.
int run(ReadConfig read, const std::function<ReadConfig()>& read_again, LogOutput& errors,
        EventLog& log, HeldSignals& held);

/// Checks whether run() could start, as far as that is possible without listening or writing.
/// Reports the same problems as run(), or that there are none. Returns the exit status.
int check(ReadConfig read, EventLog& log);

}  // namespace plimsoll::bridge
