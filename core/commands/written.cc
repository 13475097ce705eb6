#include "plimsoll/core/commands/written.h"

#include <algorithm>
#include <span>

#include "plimsoll/core/commands/answer.h"
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

// Finds the keys that a request of several commands may change.
class WrittenBySeveral : public EncodedCommands::Listener {
 public:
  WrittenBySeveral(detail::Groups groups, const ArgumentSink& visit)
      : groups_(groups), visit_(visit) {}

  KeyRanges begin_command(EncodedCommands::Words first, std::size_t parts) override {
    const Row* const row = commands::find(first);
    if (row == nullptr || row->command_class == Class::connection_state) return note_anything();
    // These run nothing that does not stand between them.
    const std::uint16_t number = number_of(*row);
    if (number == row_numbers::multi || number == row_numbers::exec) return {};
    if (row->writes_with != 0 && may_have(first, parts, row->writes_with)) return note_anything();
    if (row->written == Written::anything) return note_anything();
    const bool has_groups = groups_ == detail::Groups::counted && number == row_numbers::xreadgroup;
    if (row->written == Written::nothing && !has_groups) return {};
    const Result<KeyRanges> keys = key_ranges(*row, first, parts);
    if (!keys) return note_anything();
    KeyRanges written;
    for (const KeyRange& range : std::span(keys->ranges).first(keys->count)) {
      if (has_groups || range.access == KeyAccess::write) written.ranges[written.count++] = range;
    }
    return written;
  }

  void take_word(std::string_view key) override {
    if (is_deferred(key)) return void(note_anything());
    if (written_ == Written::nothing) written_ = Written::keys;
    visit_(key);
  }

  void handle_broken() override { note_anything(); }

  Written written() const { return written_; }

 private:
  KeyRanges note_anything() {
    written_ = Written::anything;
    return {};
  }

  // Words that were not collected may be anything.
  static bool may_have(EncodedCommands::Words first, std::size_t parts, std::size_t word) {
    return first.size() < parts || std::any_of(
                                       first.begin(), first.end(),
                                       [&](auto each) {
                                         return is_deferred(each) ||
                                                is_token(each, writes_with_words[word - 1]);
                                       });
  }

  detail::Groups groups_;
  const ArgumentSink& visit_;
  Written written_ = Written::nothing;
};

}  // namespace

Written detail::keys_of_several(const CommandView& request, Groups groups,
                                const ArgumentSink& visit) {
  if (request.effect == CommandView::Effect::read) return Written::nothing;
  WrittenBySeveral listener(groups, visit);
  EncodedCommands::read(request, listener);
  return listener.written();
}

Written written_by(const CommandView& command) {
  if (!are_several(command)) return written_by_row(command, row_of(command));
  return keys_written(command, [](std::string_view) {});
}

const std::string_view* detail::only_key_written(const CommandView& command) {
  if (command.row == 0 || are_several(command)) return nullptr;
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
