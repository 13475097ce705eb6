#pragma once

#include "plimsoll/native/bridge/config/config_file.h"

namespace plimsoll::bridge {

/// What is missing in a whole configuration, or goes badly together.
void check_config(const ConfigDraft& draft, Problems& problems);

}  // namespace plimsoll::bridge
