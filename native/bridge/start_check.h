#pragma once

#include <chrono>

#include "plimsoll/native/bridge/config/config_file.h"
#include "plimsoll/native/bridge/config/problems.h"

// The last stage of checking a configuration: what a start needs besides the configuration's text,
// and what keeps its value until the next start.

namespace plimsoll::bridge {

/// Adds to `problems` what is wrong with certificates, keys and authorities, with the options of
/// the bridge's own clients of servers, with the folder of pages, and with the access log; and to
/// the draft's warnings, which certificates are not valid at `now`. Opens no port, and writes
/// nothing.
void check_start(ConfigDraft& draft, std::chrono::system_clock::time_point now, Problems& problems);

}  // namespace plimsoll::bridge
