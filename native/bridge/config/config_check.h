#pragma once

#include "plimsoll/native/bridge/config/config_file.h"

namespace plimsoll::bridge {

/// Adds to `problems` what is missing in the whole configuration, and which settings conflict. Does
/// nothing if there are problems already: a setting that could not be read would be reported as
/// missing, too.
void check_config(const ConfigDraft& draft, Problems& problems);

}  // namespace plimsoll::bridge
