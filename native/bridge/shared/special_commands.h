#pragma once

#include <cstddef>

#include "plimsoll/core/commands/command_table.h"

// What a Session looks up about a command before it takes it.

namespace plimsoll::bridge {

bool has_right_arity(const commands::Row& row, std::size_t words);

/// Whether the session answers the command itself, or it changes the session.
bool is_special(const commands::Row& row);

}  // namespace plimsoll::bridge
