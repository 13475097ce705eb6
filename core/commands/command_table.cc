#include "plimsoll/core/commands/command_table.h"

#include <algorithm>

#include "plimsoll/core/commands/command_rows.h"
#include "plimsoll/core/commands/folded.h"
#include "plimsoll/core/commands/parts.h"

namespace plimsoll::commands {
namespace {

// Compares a row's name with "COMMAND" or "COMMAND|SUBCOMMAND", without building that string.
int compare(const Row& row, std::string_view word, std::string_view subcommand) {
  const std::string_view name = row.name_view();
  const std::size_t size = word.size() + (subcommand.empty() ? 0 : 1 + subcommand.size());
  const std::size_t common = std::min(name.size(), size);
  for (std::size_t i = 0; i < common; ++i) {
    const char theirs = i < word.size()    ? folded(word[i])
                        : i == word.size() ? '|'
                                           : folded(subcommand[i - word.size() - 1]);
    if (name[i] != theirs) {
      return static_cast<unsigned char>(name[i]) < static_cast<unsigned char>(theirs) ? -1 : 1;
    }
  }
  return name.size() < size ? -1 : name.size() > size ? 1 : 0;
}

const Row* find(std::string_view word, std::string_view subcommand) {
  const Row* const row =
      std::lower_bound(std::begin(rows), std::end(rows), 0,
                       [&](const Row& each, int) { return compare(each, word, subcommand) < 0; });
  return row != std::end(rows) && compare(*row, word, subcommand) == 0 ? row : nullptr;
}

}  // namespace

const char* Row::name() const { return row_names + name_at; }
const char* Row::instead() const { return row_reasons + instead_at; }

std::span<const Row> all_rows() { return rows; }

std::uint16_t number_of(const Row& row) { return static_cast<std::uint16_t>(&row - rows + 1); }

const Row* row_of(const CommandView& command) {
  if (command.row != 0) return &rows[command.row - 1];
  FirstWords first;
  first.take(command);
  return find(first.words());
}

const Row* find(std::span<const std::string_view> words) {
  // A name with a bar in it, such as "CLIENT|KILL", must not be taken for that subcommand.
  if (words.empty() || words[0].find('|') != std::string_view::npos) return nullptr;
  const Row* const row = find(words[0], {});
  if (row == nullptr || words.size() < 2 || words[1].empty()) return row;
  // COMMAND is both a command and a container, so its second word need not be a subcommand.
  const Row* const subcommand = find(words[0], words[1]);
  return subcommand == nullptr ? row : subcommand;
}

}  // namespace plimsoll::commands
