#pragma once

#include <string_view>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/key_words.h"
#include "plimsoll/core/commands/parts.h"
#include "plimsoll/core/resp/encoder.h"

// Which reads a replica may answer, and the keys that they read.

namespace plimsoll::inline v0::commands {

/// Whether a replica answers this command as its primary would, from the keys that it names. It
/// must be one command of the table that changes nothing. Excluded are: scripts, which each server
/// has to be given; walks (HSCAN...), whose cursors mean something at one server only; and what a
/// server notes for itself of the use of its keys (TOUCH, OBJECT FREQ...).
bool may_replica_answer(const CommandView& command);

namespace detail {

/// The only key of a command of the table, if it can be found without looking at its words;
/// otherwise null.
const std::string_view* only_key_read(const CommandView& command);

/// Sets `found` to the places of all keys, and `first` to the words. Returns false if the command
/// is so malformed that they cannot be found, or has none.
bool find_all_keys(const CommandView& command, FirstWords& first, KeyRanges& found);

}  // namespace detail

/// Calls `visit(std::string_view)` for each key that a command for which may_replica_answer() is
/// true names; the view is valid only during the call. Returns false, and visits none, if the
/// command is so malformed that they cannot be found.
template <class Visit>
bool keys_read(const CommandView& command, Visit&& visit) {
  if (const std::string_view* const key = detail::only_key_read(command)) {
    visit(*key);
    return true;
  }
  FirstWords first;
  KeyRanges found;
  if (!detail::find_all_keys(command, first, found)) return false;
  visit_keys(command, first, found, visit);
  return true;
}

}  // namespace plimsoll::inline v0::commands
