#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/resp/encoder.h"

// What is known of the server's commands: the rows are generated from core/commands/data. Used
// where a command comes as words, so that it is checked before it is sent; and by whoever must know
// which keys a command reads and writes.

namespace plimsoll::commands {

/// What a command does to the connection that it is sent on. All requests of a client share one
/// pipeline, which some would hold up or put out of step.
enum class Class : std::uint8_t {
  plain,             ///< one reply, soon: shares the pipeline
  contiguous,        ///< MULTI to EXEC, with WATCH: other requests must not come between
  blocking,          ///< may hold up every reply behind it: has a connection of its own meanwhile
  connection_state,  ///< changes what later requests on the connection mean
};

/// What a command changes besides the keys that it names.
enum class Writes : std::uint8_t {
  nothing_else,
  undeclared,      ///< keys that its key specifications miss
  other_database,  ///< keys of another database
  all,             ///< any key there is
};

/// What a command may change, as far as replies to other commands can tell.
enum class Written : std::uint8_t {
  nothing,
  keys,      ///< some of those that it names
  anything,  ///< any key: also what is unknown, and several commands in one request
};

enum class KeyAccess : std::uint8_t { read, write };

struct KeySpec;  // where the keys of a command stand; packed, see command_rows.h

/// One command or subcommand.
struct Row {
  std::uint16_t name_at;
  std::uint8_t name_size;
  std::int8_t arity;  ///< words with the name's own; negative: at least so many
  Class command_class : 2;
  Writes writes : 2;
  std::uint8_t reads : 1;      ///< changes nothing: may be sent again
  std::uint8_t cacheable : 1;  ///< its reply depends on the keys that it names, on nothing else
  std::uint8_t is_container : 1;
  std::uint8_t may_have_no_keys : 1;  ///< numkeys may be 0
  std::uint8_t specs_at;
  std::uint8_t specs_count : 3;
  std::uint8_t timeout_in_seconds : 1;  ///< else in milliseconds
  Written written : 2;                  ///< see written_by()
  std::uint8_t writes_with : 2;         ///< what `writes` says is only with this word; 0: always
  std::int8_t timeout_at;               ///< word; negative: from the end; see timeout_behind_block
  std::uint16_t instead_at;             ///< what a refusal tells to use

  /// The timeout is the word behind BLOCK; without it the command does not wait.
  static constexpr std::int8_t timeout_behind_block = 127;

  /// "CLIENT|KILL"; a C string.
  const char* name() const;
  std::string_view name_view() const { return {name(), name_size}; }
  const char* instead() const;

  /// Words of the name: 2 for a subcommand.
  std::size_t name_words() const { return name_view().find('|') == std::string_view::npos ? 1 : 2; }
};

std::span<const Row> all_rows();

/// What CommandView::row says of a command of this row.
std::uint16_t number_of(const Row& row);

/// The row of a command: by its number, or else by its name. Null: unknown.
const Row* row_of(const CommandView& command);

/// The row of the command that begins with these words, in any case; of a container where it has no
/// such subcommand. Null: unknown, as a module's commands are.
const Row* find(std::span<const std::string_view> words);

/// What the command is with these arguments: XREAD waits only where it has BLOCK.
Class class_of(const Row& row, std::span<const std::string_view> words);

/// Any command, as its words say it, ready to be sent on a client's connections; a view of `words`.
///
/// Refuses with invalid_argument: no words, or an empty name; too few or too many arguments;
/// numkeys that is no number or not the keys' number; keys without the values or ids that belong to
/// them; a time to wait that is none. With refused_command, saying what to use: what would change
/// the state of a shared connection, and what makes sense only inside of a transaction. What is
/// unknown passes.
Result<CommandView> prepare(std::span<const std::string_view> words);

/// Keys at `first`, `first + step`... of a command's words, `count` of them.
struct KeyRange {
  std::size_t first = 0;
  std::size_t step = 1;
  std::size_t count = 0;
  KeyAccess access = KeyAccess::read;

  bool has(std::size_t word) const {
    return word >= first && (word - first) % step == 0 && (word - first) / step < count;
  }
};

struct KeyRanges {
  static constexpr std::size_t max = 4;
  std::array<KeyRange, max> ranges;
  std::size_t count = 0;
};

/// Where the keys stand; invalid_argument as in prepare(). Keys that only the server can find
/// (SORT's BY and STORE) are left out: see Row::writes.
Result<KeyRanges> key_ranges(const Row& row, std::span<const std::string_view> words);

/// Calls `visit(key, access)` for each key that the words of a known command name.
template <class Visit>
Status keys_of(std::span<const std::string_view> words, Visit&& visit) {
  const Row* const row = find(words);
  if (row == nullptr) return {};
  const Result<KeyRanges> found = key_ranges(*row, words);
  if (!found) return found.error();
  for (const KeyRange& range : std::span(found->ranges).first(found->count)) {
    for (std::size_t i = 0; i < range.count; ++i) {
      visit(words[range.first + i * range.step], range.access);
    }
  }
  return {};
}

}  // namespace plimsoll::commands
