#pragma once

#include <cstdint>

#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/core/resp/encoder.h"

// Says how the server answers a command of the table.

namespace plimsoll::inline v0::commands {

/// CommandView::answer for a command of `row`, which must not be 0. A script or a function may
/// write and then answer with any error, even with one that looks as if the server had refused to
/// run it.
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

}  // namespace plimsoll::inline v0::commands
