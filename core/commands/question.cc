#include "plimsoll/core/commands/question.h"

#include "plimsoll/core/commands/folded.h"

namespace plimsoll::inline v0::commands {
namespace {

// Whether all words are in `head` and `args`.
bool is_fixed(const CommandView& command) {
  return command.more_args.empty() && command.pairs.empty() && command.lists.empty();
}

}  // namespace

bool QuestionReader::read(const CommandView& command,
                          std::span<const std::string_view> module_reads) {
  if (command.answers != 1) return false;
  const Row* const row = row_of(command);
  if (row == nullptr) return !module_reads.empty() && read_module(command, module_reads);
  if (row->cacheable == 0) return false;
  const std::string_view* const key = only_key(command, *row);
  if (key == nullptr || !is_fixed(command)) return read_words(command, *row);
  if (command.args.size() > question_words_max) return false;
  question_ = {
      .row = number_of(*row), .key = *key, .rest = command.args.subspan(1), .more_keys = {}};
  return true;
}

bool QuestionReader::read_words(const CommandView& command, const Row& row) {
  first_.take(command, FirstWords::Lists::taken);
  const std::size_t named = row.name_words();
  if (!first_.are_all() || first_.parts() > named + question_words_max) return false;
  const Result<KeyRanges> found = key_ranges(row, first_.words());
  if (!found || found->count != 1 || found->ranges[0].step != 1) return false;
  const KeyRange keys = found->ranges[0];
  const std::string_view key = first_.words()[keys.first];
  std::span<const std::string_view> words = first_.words();
  if (keys.first > named) {
    // Moves the words before the key up by one, over the key, so that the rest is contiguous.
    const std::span<std::string_view> own = first_.editable_words();
    for (std::size_t i = keys.first; i > named; --i) own[i] = own[i - 1];
    words = own;
  }
  question_ = {.row = number_of(row),
               .key = key,
               .rest = words.subspan(named + 1),
               .more_keys = words.subspan(keys.first + 1, keys.count - 1)};
  return true;
}

bool QuestionReader::read_module(const CommandView& command,
                                 std::span<const std::string_view> module_reads) {
  first_.take(command, FirstWords::Lists::taken);
  const std::span<const std::string_view> words = first_.words();
  if (!first_.are_all() || words.size() < 2 || words.size() > 1 + question_words_max) return false;
  for (std::size_t i = 0; i < module_reads.size(); ++i) {
    if (!is_same_name(words[0], module_reads[i])) continue;
    question_ = {.row = static_cast<std::uint16_t>(module_row_first + i),
                 .key = words[1],
                 .rest = words.subspan(2),
                 .more_keys = {}};
    return true;
  }
  return false;
}

}  // namespace plimsoll::inline v0::commands
