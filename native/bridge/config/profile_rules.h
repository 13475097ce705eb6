#pragma once

#include "plimsoll/native/bridge/config/config_table.h"
#include "plimsoll/native/bridge/gate/rules.h"

namespace plimsoll::bridge {

/// Reads `allow`, `deny`, `allow_unsafe`, `key_prefixes` and `channel_prefixes` of a profile's
/// table. Each entry that is wrong is a problem with its own line. A rule that has no effect is a
/// warning.
Rules read_rules(ConfigTable& table, Problems& problems, Problems& warnings);

}  // namespace plimsoll::bridge
