#include "plimsoll/core/commands/replica_reads.h"

#include <cstdint>

#include "plimsoll/core/commands/row_numbers.h"

namespace plimsoll::inline v0::commands {
namespace {

bool is_for_primary(std::uint16_t row_number) {
  switch (row_number) {
    case row_numbers::sort_ro:
    case row_numbers::hscan:
    case row_numbers::sscan:
    case row_numbers::zscan:
    case row_numbers::touch:
    case row_numbers::object_freq:
    case row_numbers::object_idletime:
    case row_numbers::eval_ro:
    case row_numbers::evalsha_ro:
    case row_numbers::fcall_ro: return true;
    default: return false;
  }
}

}  // namespace

bool may_replica_answer(const CommandView& command) {
  if (command.effect != CommandView::Effect::read || command.answers != 1 ||
      command.answer != CommandView::Answer::replies) {
    return false;
  }
  const Row* const row = row_of(command);
  if (row == nullptr || row->reads == 0 || row->specs_count == 0) return false;
  return !is_for_primary(number_of(*row));
}

const std::string_view* detail::only_key_read(const CommandView& command) {
  return command.row == 0 ? nullptr : only_key(command, *row_of(command));
}

bool detail::find_all_keys(const CommandView& command, FirstWords& first, KeyRanges& found) {
  const Row* const row = row_of(command);
  if (row == nullptr) return false;
  first.take(command);
  const Result<KeyRanges> keys = key_ranges(*row, first.words(), first.parts());
  if (!keys || keys->count == 0) return false;
  found = *keys;
  return true;
}

bool detail::changes_groups(const CommandView& command) {
  const Row* const row = row_of(command);
  return row != nullptr && number_of(*row) == row_numbers::xreadgroup;
}

}  // namespace plimsoll::inline v0::commands
