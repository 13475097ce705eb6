#pragma once

#include "plimsoll/native/bridge/config/config.h"
#include "plimsoll/native/bridge/config/config_table.h"

namespace plimsoll::bridge {

/// Reads [limits], each within its bounds.
void read_limits(ConfigTable table, Limits& limits);

}  // namespace plimsoll::bridge
