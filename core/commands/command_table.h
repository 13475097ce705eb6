#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/resp/encoder.h"

// The table of the server's commands. Its rows are generated from core/commands/data. Clients use
// it to check a command that is given as words before they send it. The cache uses it to find the
// keys that a command reads and writes.

namespace plimsoll::inline v0::commands {

/// How a command affects the connection that it is sent on. All requests of a client share one
/// pipeline, and some commands would delay it or change the meaning of other requests.
enum class Class : std::uint8_t {
  plain,             ///< one reply, soon, so it shares the pipeline
  contiguous,        ///< MULTI to EXEC, and WATCH: no other request may come between them
  blocking,          ///< may delay every reply behind it, so it gets a side connection
  connection_state,  ///< changes what later requests on the connection mean
};

/// What a command changes in addition to the keys that it names.
enum class Writes : std::uint8_t {
  nothing_else,
  undeclared,      ///< keys that its key specifications do not declare
  other_database,  ///< keys of another database
  all,             ///< any key
};

/// Which keys a command may change, and so which cached replies it may outdate.
enum class Written : std::uint8_t {
  nothing,
  keys,      ///< some of the keys that it names
  anything,  ///< any key. Also for unknown commands, and for several commands in one request
};

enum class KeyAccess : std::uint8_t { read, write };

/// Over which nodes of a cluster a command is spread, and how their answers become one: by the
/// server's tips (valkey.io/topics/command-tips: request_policy, response_policy).
enum class Spread : std::uint8_t {
  one_node,  ///< the node of its keys, or any node
  // A part for each slot that has some of the keys.
  slots_values,  ///< the answers' elements, in the order of the keys
  slots_sum,     ///< the sum of the answers
  slots_all,     ///< one answer, if all have succeeded
  // The whole command for each primary.
  nodes_values,  ///< the answers' elements, one node's behind the other's
  nodes_sum,
  nodes_min,  ///< of numbers, or of the numbers in each place of an array
  nodes_max,  ///< likewise
  nodes_and,  ///< 1 where all have 1, in each place of an array
  nodes_or,   ///< 1 where any has 1, in each place of an array
  nodes_all,  ///< one answer, if all have succeeded
  nodes_one,  ///< the answer of one that has succeeded
  nodes_any,  ///< an answer that is not null, if there is one
  nodes_map,  ///< a map of the nodes' addresses to their answers, errors among them
  walk,       ///< SCAN: by commands to one node after the other
  special,    ///< the answers of several nodes cannot be joined, or need a rule of their own
};

struct KeySpec;  // where a command's keys are among its words (key_spec.h)

/// One command or subcommand.
struct Row {
  std::uint16_t name_at;
  std::uint8_t name_size;
  std::int8_t arity : 7;  ///< number of words, including the name; negative: at least that many
  std::uint8_t has_only_key : 1;  ///< there is one specification, of one key in a fixed place
  Class command_class : 2;
  Writes writes : 2;
  std::uint8_t reads : 1;      ///< changes nothing, so it may be sent again
  std::uint8_t cacheable : 1;  ///< its reply depends on the keys that it names and nothing else
  std::uint8_t is_container : 1;
  std::uint8_t may_have_no_keys : 1;  ///< numkeys may be 0
  std::uint8_t specs_at;
  std::uint8_t specs_count : 3;
  std::uint8_t timeout_in_seconds : 1;  ///< otherwise in milliseconds
  Written written : 2;                  ///< see written_by()
  std::uint8_t writes_with : 2;         ///< `writes` applies only if the command has this word; 0:
                                        ///< always
  std::int8_t timeout_at;  ///< number of the word; negative: from the end; timeout_behind_block
  std::uint16_t instead_at : 12;  ///< the text of a refusal that names what to use instead
  Spread spread : 4;              ///< in a cluster

  /// The timeout is the word behind BLOCK. Without that word the command does not block.
  static constexpr std::int8_t timeout_behind_block = 127;

  /// The name as a C string, such as "CLIENT|KILL".
  const char* name() const;
  std::string_view name_view() const { return {name(), name_size}; }
  const char* instead() const;

  /// Whether the command may be sent on an exclusive connection only, since its answer is about
  /// what was written on its own: WAIT, WAITAOF.
  bool needs_exclusive() const { return command_class == Class::blocking && *instead() != '\0'; }

  /// The number of words in the name: 2 for a subcommand.
  std::size_t name_words() const { return name_view().find('|') == std::string_view::npos ? 1 : 2; }
};

std::span<const Row> all_rows();

/// CommandView::row for a command of this row.
std::uint16_t number_of(const Row& row);

/// The row of a command, found by CommandView::row or, if that is 0, by its name. Null if the
/// command is unknown.
const Row* row_of(const CommandView& command);

/// The row of the command that begins with these words, in upper or lower case. For an unknown
/// subcommand, the row of its container. Null if the command is unknown, as commands of modules
/// are.
const Row* find(std::span<const std::string_view> words);

/// The class of the command with these arguments. For example, XREAD is blocking only with BLOCK.
Class class_of(const Row& row, std::span<const std::string_view> words);

/// Checks a command that is given as words, its name first, and returns a view of `words` that can
/// be submitted to a client.
///
/// Fails with invalid_argument if there are no words or the name is empty, if there are too few or
/// too many arguments, if numkeys is not a number or does not fit the words behind it, if a key
/// lacks its value or id, or if the time to block for is invalid. Fails with refused_command, whose
/// text says what to use instead, if the command would change the state of a shared connection or
/// belongs to a transaction. Accepts commands that the table does not have.
Result<CommandView> prepare(std::span<const std::string_view> words);

/// The same for a connection that its caller has alone. There WATCH and UNWATCH are allowed, and
/// what Row::needs_exclusive(); any other command that blocks is refused: the client itself gives
/// it a connection.
Result<CommandView> prepare_exclusive(std::span<const std::string_view> words);

/// The refusal of a command that may not be sent on an exclusive connection because it blocks.
Status check_exclusive(const CommandView& command);

/// The refusal of a command that needs_exclusive().
Status check_shared(const Row& row);

/// `count` keys among a command's words: the words `first`, `first + step`...
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

/// Finds the keys among a command's words. Fails with invalid_argument as prepare() does. Leaves
/// out keys that only the server can find (SORT's BY and STORE): see Row::writes.
Result<KeyRanges> key_ranges(const Row& row, std::span<const std::string_view> words);

/// key_ranges() of a command with `parts` words, of which `words` are the first. Also fails with
/// invalid_argument if `words` do not show where the keys are.
Result<KeyRanges> key_ranges(const Row& row, std::span<const std::string_view> words,
                             std::size_t parts);

/// Fails as key_ranges() does, and tells no places.
Status check_keys(const Row& row, std::span<const std::string_view> words);

/// Whether the places of the command's keys depend on the number of its words alone, and on none of
/// the words behind its name.
bool keys_are_fixed(const Row& row);

/// Returns the key of a command that a builder made and that has one key right behind its name, as
/// most commands have. Does not look at the words. Null for any other command: use key_ranges().
const std::string_view* only_key(const CommandView& command, const Row& row);

/// The same, also for a command that prepare() made of words. Null if CommandView::row is 0.
const std::string_view* only_key_in_args(const CommandView& command);

/// Calls `visit(key, access)` for each key that these words name. Visits nothing if the command is
/// unknown. Fails as key_ranges() does.
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

}  // namespace plimsoll::inline v0::commands
