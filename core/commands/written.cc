#include "plimsoll/core/commands/written.h"

#include "plimsoll/core/commands/command_rows.h"
#include "plimsoll/core/commands/folded.h"

namespace plimsoll::inline v0::commands {
namespace {

bool has_word(const CommandView& command, std::string_view upper_case) {
  bool found = false;
  for_each_word(command,
                [&](std::string_view word) { found = found || is_token(word, upper_case); });
  return found;
}

Written written_by_row(const CommandView& command, const Row* row) {
  if (row == nullptr) return Written::anything;
  if (row->writes_with != 0 && has_word(command, writes_with_words[row->writes_with - 1u])) {
    return Written::anything;
  }
  return row->written;
}

// A SUBSCRIBE or UNSUBSCRIBE has an answer for each channel. Otherwise, several answers mean
// several commands.
bool is_one_command(const CommandView& command) {
  return command.answers == 1 || command.answer == CommandView::Answer::confirmations ||
         command.answer == CommandView::Answer::ends;
}

}  // namespace

Written written_by(const CommandView& command) {
  if (is_one_command(command)) return written_by_row(command, row_of(command));
  return command.effect == CommandView::Effect::reads ? Written::nothing : Written::anything;
}

const std::string_view* detail::only_key_written(const CommandView& command) {
  if (command.row == 0 || !is_one_command(command)) return nullptr;
  const Row& row = *row_of(command);
  const bool is_sure = row.written == Written::keys && row.writes_with == 0;
  return is_sure ? only_key(command, row) : nullptr;
}

Written detail::find_keys(const CommandView& command, FirstWords& first, KeyRanges& found) {
  const Written written = written_by(command);
  if (written != Written::keys) return written;
  const Row* const row = row_of(command);
  first.take(command);
  const Result<KeyRanges> keys = key_ranges(*row, first.words(), first.parts());
  if (!keys) return Written::anything;
  for (const KeyRange& range : std::span(keys->ranges).first(keys->count)) {
    if (range.access == KeyAccess::write) found.ranges[found.count++] = range;
  }
  return written;
}

}  // namespace plimsoll::inline v0::commands
