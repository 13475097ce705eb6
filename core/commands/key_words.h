#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/parts.h"

namespace plimsoll::inline v0::commands {

/// Calls `visit(std::string_view)` for each word of `command` in the ranges; the view is valid only
/// during the call. `first`: the command's first words.
template <class Visit>
void visit_keys(const CommandView& command, const FirstWords& first, const KeyRanges& ranges,
                Visit&& visit) {
  const std::span found = std::span(ranges.ranges).first(ranges.count);
  bool are_near = true;
  for (const KeyRange& keys : found) {
    are_near = are_near && keys.first + (keys.count - 1) * keys.step < first.words().size();
  }
  if (are_near) {
    for (const KeyRange& keys : found) {
      for (std::size_t k = 0; k < keys.count; ++k) visit(first.words()[keys.first + k * keys.step]);
    }
    return;
  }
  std::size_t at = 0;
  for_each_word(command, [&](std::string_view word) {
    for (const KeyRange& keys : found) {
      if (keys.has(at)) visit(word);
    }
    ++at;
  });
}

}  // namespace plimsoll::inline v0::commands
