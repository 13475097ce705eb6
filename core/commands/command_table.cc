#include "plimsoll/core/commands/command_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "plimsoll/core/commands/command_rows.h"
#include "plimsoll/core/commands/folded.h"
#include "plimsoll/core/commands/parts.h"

namespace plimsoll::inline v0::commands {
namespace {

// Compares the start of `name` with `word`, and takes it away if they are equal.
int compare_start(std::string_view& name, std::string_view word) {
  const std::size_t common = std::min(name.size(), word.size());
  for (std::size_t i = 0; i < common; ++i) {
    const int difference =
        static_cast<unsigned char>(name[i]) - static_cast<unsigned char>(folded(word[i]));
    if (difference != 0) return difference;
  }
  if (name.size() < word.size()) return -1;
  name.remove_prefix(word.size());
  return 0;
}

// COMMAND is both a command and a container.
bool has_subcommands(const Row& row) {
  return row.is_container != 0 || row.name_view() == "COMMAND";
}

// Compares a row's name with "COMMAND" or "COMMAND|SUBCOMMAND", without building that string.
int compare(const Row& row, std::string_view word, std::string_view subcommand) {
  std::string_view name = row.name_view();
  if (const int different = compare_start(name, word); different != 0) return different;
  if (subcommand.empty()) return name.empty() ? 0 : 1;
  if (const int different = compare_start(name, "|"); different != 0) return different;
  if (const int different = compare_start(name, subcommand); different != 0) return different;
  return name.empty() ? 0 : 1;
}

// The first bytes of a name as a number, which orders as the names do: most rows that a search
// looks at differ there.
using FirstBytes = std::uint64_t;
constexpr std::size_t first_bytes_max = sizeof(FirstBytes);
static_assert(std::endian::native == std::endian::little);
static_assert(std::all_of(std::begin(rows), std::end(rows),
                          [](const Row& row) {
                            return row.name_at + first_bytes_max <= sizeof row_names;
                          }),
              "the last names are too short to read so many bytes of them");

FirstBytes first_bytes(const Row& row) {
  FirstBytes bytes = 0;
  std::memcpy(&bytes, row.name(), first_bytes_max);
  const std::size_t behind =
      first_bytes_max - std::min<std::size_t>(row.name_size, first_bytes_max);
  return __builtin_bswap64(bytes) >> 8 * behind << 8 * behind;
}

FirstBytes first_bytes(std::string_view word, std::string_view subcommand) {
  FirstBytes bytes = 0;
  std::size_t left = first_bytes_max;
  const auto append = [&](std::string_view text) {
    for (const char c : text.substr(0, left)) {
      bytes |= FirstBytes{static_cast<unsigned char>(folded(c))} << 8 * --left;
    }
  };
  append(word);
  if (!subcommand.empty()) append("|");
  append(subcommand);
  return bytes;
}

// Where the rows begin whose names begin with A, B... Z, and where all of them end.
constexpr auto letters = [] {
  std::array<std::uint16_t, 27> begins{};
  for (std::size_t letter = 0; letter < begins.size(); ++letter) {
    while (begins[letter] < std::size(rows) &&
           row_names[rows[begins[letter]].name_at] < static_cast<char>('A' + letter)) {
      ++begins[letter];
    }
  }
  return begins;
}();

const Row* find(std::string_view word, std::string_view subcommand) {
  const auto letter =
      word.empty() ? letters.size() : static_cast<std::size_t>(folded(word[0]) - 'A');
  if (letter >= letters.size() - 1) return nullptr;
  const auto is_before = [&](const Row& row, FirstBytes wanted) {
    const FirstBytes bytes = first_bytes(row);
    if (bytes != wanted || row.name_size < first_bytes_max) return bytes < wanted;
    return compare(row, word, subcommand) < 0;
  };
  const Row* const end = rows + letters[letter + 1];
  const Row* const row =
      std::lower_bound(rows + letters[letter], end, first_bytes(word, subcommand), is_before);
  return row != end && compare(*row, word, subcommand) == 0 ? row : nullptr;
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
  if (row == nullptr || !has_subcommands(*row) || words.size() < 2 || words[1].empty()) return row;
  const Row* const subcommand = find(words[0], words[1]);
  return subcommand == nullptr ? row : subcommand;
}

}  // namespace plimsoll::inline v0::commands
