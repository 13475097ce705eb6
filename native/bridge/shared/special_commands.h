#pragma once

#include "plimsoll/core/commands/command_table.h"

namespace plimsoll::bridge {

/// Whether a SharedSession answers the command itself, or is changed by it. All others it sends, or
/// queues behind MULTI.
bool is_special(const commands::Row& row);

}  // namespace plimsoll::bridge
