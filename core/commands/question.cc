#include "plimsoll/core/commands/question.h"

#include "plimsoll/core/commands/command_rows.h"

namespace plimsoll::commands {
namespace {

bool has_one_key_first(const Row& row) {
  const KeySpec& spec = key_specs[row.specs_at];
  return row.specs_count == 1 && spec.begin == KeySpec::Begin::index && spec.at == 1 &&
         spec.find == KeySpec::Find::range && spec.last_or_count == 0;
}

}  // namespace

bool QuestionReader::read(const CommandView& command) {
  if (command.answers != 1) return false;
  const Row* const row = row_of(command);
  if (row == nullptr || row->cacheable == 0) return false;
  const bool name_is_head =
      command.head_kind == CommandView::Head::counted && !command.args.empty();
  if (!name_is_head || !has_one_key_first(*row)) return read_words(command, *row);
  // Most of what is asked: a builder's literal head, and the words behind it in a row.
  if (command.args.size() > question_words_max) return false;
  question_ = {.row = number_of(*row),
               .key = command.args[0],
               .rest = command.args.subspan(1),
               .more_keys = {}};
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
    // The words before the key move up into its place, so that the rest is a row.
    const std::span<std::string_view> own = first_.own_words();
    for (std::size_t i = keys.first; i > named; --i) own[i] = own[i - 1];
    words = own;
  }
  question_ = {.row = number_of(row),
               .key = key,
               .rest = words.subspan(named + 1),
               .more_keys = words.subspan(keys.first + 1, keys.count - 1)};
  return true;
}

}  // namespace plimsoll::commands
