#pragma once

#include "plimsoll/native/bridge/config/config_file.h"

namespace plimsoll::bridge {

/// Adds to `problems` what is missing in the whole configuration, and which settings conflict. A
/// setting that is there, but could not be read, is not reported as missing.
void check_config(const ConfigDraft& draft, Problems& problems);

/// Adds a problem if there is no token and no key, so that nobody could connect.
void check_clients(const ConfigDraft& draft, Problems& problems);

}  // namespace plimsoll::bridge
