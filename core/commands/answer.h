#pragma once

#include <cstdint>

#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/core/resp/encoder.h"

// What the server says to a command of the table, as CommandView has it.

namespace plimsoll::commands {

/// `row` as CommandView::row, not 0. A script or a function may answer with any error, also with
/// one in the words of a refusal, after it has written.
constexpr CommandView::Answer answer_to(std::uint16_t row) {
  switch (row) {
    case row_numbers::eval:
    case row_numbers::eval_ro:
    case row_numbers::evalsha:
    case row_numbers::evalsha_ro:
    case row_numbers::fcall:
    case row_numbers::fcall_ro: return CommandView::Answer::script_words;
    default: return CommandView::Answer::replies;
  }
}

}  // namespace plimsoll::commands
