#pragma once

#include <string_view>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/key_words.h"
#include "plimsoll/core/commands/parts.h"
#include "plimsoll/core/commands/written.h"
#include "plimsoll/core/resp/encoder.h"

// Which reads a replica may answer, the keys that they read, and those that other commands change.

namespace plimsoll::inline v0::commands {

/// Whether a replica answers this command as its primary would, from the keys that it names. It
/// must be one command of the table that changes nothing. Excluded are: scripts, which each server
/// has to be given; walks (HSCAN...), whose cursors mean something at one server only; SORT_RO,
/// which may read keys that it names by a pattern; and what a server notes for itself of the use of
/// its keys (TOUCH, OBJECT FREQ...).
bool may_replica_answer(const CommandView& command);

namespace detail {

/// The only key of a command of the table, if it can be found without looking at its words;
/// otherwise null.
const std::string_view* only_key_read(const CommandView& command);

/// Sets `found` to the places of all keys, and `first` to the words. Returns false if the command
/// is so malformed that they cannot be found, or has none.
bool find_all_keys(const CommandView& command, FirstWords& first, KeyRanges& found);

/// Whether the command changes, in the streams that it reads, what a group's consumers have been
/// given (XREADGROUP).
bool changes_groups(const CommandView& command);

}  // namespace detail

/// Calls `visit(std::string_view)` for each key that `command`, one command of the table, names;
/// the view is valid only during the call. Returns false, and visits none, if the command is so
/// malformed that they cannot be found.
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

/// Calls `visit(std::string_view)` for each key that a read after this command may find different:
/// those of keys_written(), and streams of whose groups only the state changes. Returns the same as
/// keys_written().
template <class Visit>
Written keys_changed(const CommandView& command, Visit&& visit) {
  if (are_several(command)) {
    return detail::visit_several(command, detail::Groups::counted, visit);
  }
  const Written written = keys_written(command, visit);
  if (written != Written::nothing || !detail::changes_groups(command)) return written;
  return keys_read(command, visit) ? Written::keys : Written::anything;
}

}  // namespace plimsoll::inline v0::commands
