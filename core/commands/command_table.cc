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

// The first bytes of `word` as they lie in memory, and zeros behind them.
FirstBytes loaded(std::string_view word) {
  const auto load = [&word](auto& to, std::size_t at) {
    std::memcpy(&to, word.data() + at, sizeof to);
    return FirstBytes{to};
  };
  const std::size_t size = word.size();
  if (size >= first_bytes_max) {
    FirstBytes all = 0;
    return load(all, 0);
  }
  // Two halves that overlap where there are fewer than eight bytes, or than four.
  if (size >= 4) {
    std::uint32_t half = 0;
    const FirstBytes front = load(half, 0);
    return front | load(half, size - 4) << 8 * (size - 4);
  }
  if (size >= 2) {
    std::uint16_t half = 0;
    const FirstBytes front = load(half, 0);
    return front | load(half, size - 2) << 8 * (size - 2);
  }
  std::uint8_t one = 0;
  return size == 0 ? 0 : load(one, 0);
}

// folded() of eight characters at once.
constexpr FirstBytes folded_all(FirstBytes bytes) {
  constexpr FirstBytes each = 0x0101010101010101;
  const FirstBytes low = bytes & 0x7f * each;  // so that no addition reaches the next character
  const FirstBytes from_a = low + (0x80 - 'a') * each;
  const FirstBytes behind_z = low + (0x80 - 'z' - 1) * each;
  const FirstBytes are_small = from_a & ~behind_z & ~bytes & 0x80 * each;
  return bytes - (are_small >> 2);
}
static_assert(folded_all(0x7b7a61605b5a4140) == 0x7b5a41605b5a4140);
static_assert(folded_all(0x80ff'e1fa'0061'7a20) == 0x80ff'e1fa'0041'5a20);

FirstBytes first_bytes(std::string_view word) {
  return __builtin_bswap64(folded_all(loaded(word)));
}

FirstBytes first_bytes(std::string_view word, std::string_view subcommand) {
  FirstBytes bytes = first_bytes(word);
  if (subcommand.empty() || word.size() >= first_bytes_max) return bytes;
  bytes |= FirstBytes{'|'} << 8 * (first_bytes_max - 1 - word.size());
  const std::size_t behind = word.size() + 1;
  return behind >= first_bytes_max ? bytes : bytes | first_bytes(subcommand) >> 8 * behind;
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

// The size of the shortest name of a subcommand.
constexpr std::size_t with_bar_min = [] {
  std::size_t least = SIZE_MAX;
  for (const Row& row : rows) {
    const std::string_view name(row_names + row.name_at, row.name_size);
    if (name.find('|') != std::string_view::npos) least = std::min(least, name.size());
  }
  return least;
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
  const FirstBytes wanted = first_bytes(word, subcommand);
  const Row* const end = rows + letters[letter + 1];
  const Row* const row = std::lower_bound(rows + letters[letter], end, wanted, is_before);
  if (row == end) return nullptr;
  if (subcommand.empty() && row->name_size == word.size() && word.size() <= first_bytes_max) {
    return first_bytes(*row) == wanted ? row : nullptr;
  }
  return compare(*row, word, subcommand) == 0 ? row : nullptr;
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
  if (words.empty()) return nullptr;
  // A name with a bar in it, such as "CLIENT|KILL", must not be taken for that subcommand.
  const bool may_have_bar = words[0].size() >= with_bar_min;
  if (may_have_bar && words[0].find('|') != std::string_view::npos) return nullptr;
  const Row* const row = find(words[0], {});
  if (row == nullptr || !has_subcommands(*row) || words.size() < 2 || words[1].empty()) return row;
  const Row* const subcommand = find(words[0], words[1]);
  return subcommand == nullptr ? row : subcommand;
}

}  // namespace plimsoll::inline v0::commands
