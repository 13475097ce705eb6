#pragma once

#include <cstdint>
#include <string_view>

#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/resp/encoder.h"

// Which node of a cluster a command belongs to, by the command table. A client asks this for every
// request that a caller submits.

namespace plimsoll::inline v0 {

struct Route {
  enum class Kind : std::uint8_t {
    no_key,         ///< any node will do
    one_slot,       ///< the node that serves `slot`
    several_slots,  ///< no node can run it; `slot` is that of the first key
    unclear         ///< it has keys that cannot be found: numkeys that is no number, for example
  };

  Kind kind = Kind::no_key;
  /// The command, or one of a transaction, concerns every node: see concerned_by(). No node can run
  /// it for all, whatever keys it has.
  bool is_for_every_node = false;
  Slot slot = 0;
  /// The row of the one command, as CommandView::row; 0 if there are several, if the table does not
  /// have it, or if nobody needs to know, because it has one key.
  std::uint16_t row = 0;
};

enum class Concerns : std::uint8_t { one_node, every_node };

/// Whether one node of a cluster can answer this command as a server that is no cluster would.
/// every_node: by the server's tips (request_policy all_nodes, all_shards or special), as for KEYS,
/// SCAN, DBSIZE and SCRIPT LOAD. A command of several keys, such as DEL, concerns one node, and all
/// its keys must be in one slot.
inline Concerns concerned_by(const commands::Row& row) {
  return row.spread >= commands::Spread::nodes_values ? Concerns::every_node : Concerns::one_node;
}

namespace detail {
Route route_by_words(const CommandView& command);
}  // namespace detail

/// Returns the slot of all keys that `command` names, and of the shard channels. A transaction
/// (MULTI, the commands, EXEC in one request) has the keys of all its commands. In lists that are
/// encoded already, the words must outlive the walk.
///
/// - A command that the table does not have, which is probably that of a module, is taken to have
///   one key, its first argument, as most of them have. Where this is wrong, the server answers
///   with a redirection, and nothing has run.
/// - Keys that only the server can find do not count: SORT's BY, GET and STORE, and what a script
///   touches without naming it.
inline Route route_of(const CommandView& command) {
  // No command of a single key concerns every node.
  if (const std::string_view* const key = commands::only_key_in_args(command)) {
    return {.kind = Route::Kind::one_slot, .slot = slot_of_key(*key)};
  }
  return detail::route_by_words(command);
}

}  // namespace plimsoll::inline v0
