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

// COMMAND is both a command and a container.
bool has_subcommands(const Row& row) {
  return row.is_container != 0 || row.name_view() == "COMMAND";
}

// Whether `name` begins with `word`, which is taken away then.
bool take_start(std::string_view& name, std::string_view word) {
  if (name.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (name[i] != folded(word[i])) return false;
  }
  name.remove_prefix(word.size());
  return true;
}

// Whether a row's name is "COMMAND" or "COMMAND|SUBCOMMAND", without building that string.
bool is_name(const Row& row, std::string_view word, std::string_view subcommand) {
  std::string_view name = row.name_view();
  if (!take_start(name, word)) return false;
  if (subcommand.empty()) return name.empty();
  return take_start(name, "|") && take_start(name, subcommand) && name.empty();
}

// The first bytes of a name, as they lie in memory, and zeros behind it. Most names differ there.
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
  if (row.name_size >= first_bytes_max) return bytes;
  return bytes & ((FirstBytes{1} << 8 * row.name_size) - 1);
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

FirstBytes first_bytes(std::string_view word, std::string_view subcommand) {
  const FirstBytes bytes = folded_all(loaded(word));
  const std::size_t size = word.size();
  if (subcommand.empty() || size >= first_bytes_max) return bytes;
  const FirstBytes with_bar = bytes | FirstBytes{'|'} << 8 * size;
  if (size + 1 >= first_bytes_max) return with_bar;
  return with_bar | folded_all(loaded(subcommand)) << 8 * (size + 1);
}

// The rows by their names: a hash table with open addressing. It is filled when it is first asked,
// because as data it would be in each WebAssembly module.
class NameIndex {
 public:
  NameIndex() {
    for (const Row& row : rows) {
      std::size_t place = first_place(first_bytes(row), row.name_size);
      while (numbers_[place] != 0) place = next_place(place);
      numbers_[place] = number_of(row);
    }
  }

  const Row* find(std::string_view word, std::string_view subcommand) const {
    const std::size_t size = word.size() + (subcommand.empty() ? 0 : 1 + subcommand.size());
    const FirstBytes wanted = first_bytes(word, subcommand);
    for (std::size_t place = first_place(wanted, size); numbers_[place] != 0;
         place = next_place(place)) {
      const Row& row = rows[numbers_[place] - 1];
      if (row.name_size != size || first_bytes(row) != wanted) continue;
      if (size <= first_bytes_max || is_name(row, word, subcommand)) return &row;
    }
    return nullptr;
  }

 private:
  static constexpr unsigned places_bits = 10;
  static constexpr std::size_t places = std::size_t{1} << places_bits;
  static_assert(std::size(rows) <= places / 2, "a search would be long");

  // Fibonacci hashing: Knuth, The Art of Computer Programming, volume 3, section 6.4.
  static std::size_t first_place(FirstBytes first, std::size_t size) {
    return static_cast<std::size_t>((first + size) * 0x9e37'79b9'7f4a'7c15 >> (64 - places_bits));
  }
  static std::size_t next_place(std::size_t place) { return (place + 1) % places; }

  std::array<std::uint16_t, places> numbers_{};  // number_of() of each; 0: none is here
};

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
  static const NameIndex index;
  return index.find(word, subcommand);
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
