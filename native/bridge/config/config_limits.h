#pragma once

#include "plimsoll/native/bridge/config/config.h"
#include "plimsoll/native/bridge/config/config_table.h"

namespace plimsoll::bridge {

/// Reads the table [limits]. A value out of its bounds is a problem.
void read_limits(ConfigTable table, Limits& limits);

}  // namespace plimsoll::bridge
