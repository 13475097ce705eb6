#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/encoded_commands.h"
#include "plimsoll/core/commands/key_words.h"
#include "plimsoll/core/commands/parts.h"
#include "plimsoll/core/resp/encoder.h"

// What a request may change on the server, by the command table. The cache asks this for every
// request, to fence the keys that are being written. A transaction may change what its commands
// may.

namespace plimsoll::inline v0::commands {

/// Returns Written::keys if the command may change only keys that it names; see keys_written().
Written written_by(const CommandView& command);

namespace detail {

/// The only key that `command` may change, if this can be found without looking at its words;
/// otherwise null.
const std::string_view* only_key_written(const CommandView& command);

/// Returns written_by(). If that is `keys`, sets `found` to the places of the keys, and `first` to
/// the words.
Written find_keys(const CommandView& command, FirstWords& first, KeyRanges& found);

/// Whether the state of a stream's groups counts as a part of the stream.
enum class Groups : std::uint8_t { left_out, counted };

/// keys_written() of several commands in one request.
Written keys_of_several(const CommandView& request, Groups groups, const ArgumentSink& visit);

template <class Visit>
Written visit_several(const CommandView& request, Groups groups, Visit& visit) {
  return keys_of_several(request, groups, {&visit, [](void* self, std::string_view key) {
                                             (*static_cast<Visit*>(self))(key);
                                           }});
}

}  // namespace detail

/// Calls `visit(std::string_view)` for each key that `command` may change; the view is valid only
/// during the call. Returns written_by(). If that is not `keys`, there may be further ones. Returns
/// `anything` if the command is so malformed that its keys cannot be found.
template <class Visit>
Written keys_written(const CommandView& command, Visit&& visit) {
  if (const std::string_view* const key = detail::only_key_written(command)) {
    visit(*key);
    return Written::keys;
  }
  if (are_several(command)) {
    return detail::visit_several(command, detail::Groups::left_out, visit);
  }
  FirstWords first;
  KeyRanges found;
  const Written written = detail::find_keys(command, first, found);
  if (written != Written::keys) return written;
  visit_keys(command, first, found, visit);
  return written;
}

}  // namespace plimsoll::inline v0::commands
