#pragma once

#include <cstddef>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/native/bridge/gate/command_ways.h"
#include "plimsoll/native/bridge/replies/answer.h"

// Which kind of answer a command gets, as far as its words tell.

namespace plimsoll::bridge {

/// `row`: null for a command that the table does not know.
Answer answer_of(const commands::Row* row, Words words);

}  // namespace plimsoll::bridge
