#include "plimsoll/core/commands/replica_reads.h"

#include <algorithm>
#include <cstdint>

#include "plimsoll/core/commands/row_numbers.h"

namespace plimsoll::inline v0::commands {
namespace {

constexpr std::uint16_t of_one_server[] = {
    row_numbers::hscan,   row_numbers::sscan,       row_numbers::zscan,
    row_numbers::touch,   row_numbers::object_freq, row_numbers::object_idletime,
    row_numbers::eval_ro, row_numbers::evalsha_ro,  row_numbers::fcall_ro,
};

}  // namespace

bool may_replica_answer(const CommandView& command) {
  if (command.effect != CommandView::Effect::read || command.answers != 1 ||
      command.answer != CommandView::Answer::replies) {
    return false;
  }
  const Row* const row = row_of(command);
  if (row == nullptr || row->reads == 0 || row->specs_count == 0) return false;
  const std::uint16_t number = number_of(*row);
  return std::find(std::begin(of_one_server), std::end(of_one_server), number) ==
         std::end(of_one_server);
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

}  // namespace plimsoll::inline v0::commands
