#pragma once

#include <cstddef>
#include <string_view>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/parts.h"
#include "plimsoll/core/resp/encoder.h"

// What a command may change on the server, by the command table. The cache asks this for every
// request, to fence the keys that are being written.

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

}  // namespace detail

/// Calls `visit(std::string_view)` for each key that `command` may change; the view is valid only
/// during the call. Returns written_by(), and visits nothing unless that is `keys`. Returns
/// `anything` if the command is so malformed that its keys cannot be found.
template <class Visit>
Written keys_written(const CommandView& command, Visit&& visit) {
  if (const std::string_view* const key = detail::only_key_written(command)) {
    visit(*key);
    return Written::keys;
  }
  FirstWords first;
  KeyRanges found;
  const Written written = detail::find_keys(command, first, found);
  if (written != Written::keys) return written;
  bool are_near = true;
  for (std::size_t i = 0; i < found.count; ++i) {
    const KeyRange& keys = found.ranges[i];
    are_near = are_near && keys.first + (keys.count - 1) * keys.step < first.words().size();
  }
  if (are_near) {
    for (std::size_t i = 0; i < found.count; ++i) {
      const KeyRange& keys = found.ranges[i];
      for (std::size_t k = 0; k < keys.count; ++k) visit(first.words()[keys.first + k * keys.step]);
    }
    return written;
  }
  std::size_t at = 0;
  for_each_word(command, [&](std::string_view word) {
    for (std::size_t i = 0; i < found.count; ++i) {
      if (found.ranges[i].has(at)) visit(word);
    }
    ++at;
  });
  return written;
}

}  // namespace plimsoll::inline v0::commands
