#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/commands/command_table.h"

// What the bridge knows of commands besides what the command table says: which get through or do
// not, whatever a profile's rules are, which name channels, and which reach keys that their words
// do not name.

namespace plimsoll::bridge {

using Words = std::span<const std::string_view>;

enum class Way : std::uint8_t {
  by_rules,  ///< as the profile says
  always,    ///< what every client needs to be one, and what reaches nothing but its connection
  never,     ///< would change who the connection is or what its replies look like, or reach others;
             ///< Rules::allow_unsafe has what a profile may nevertheless
  hello,
  select,
  tracking,
};

Way way_of(const commands::Row& row);

/// Channels, or patterns of them, among a command's words.
struct ChannelWords {
  enum class Kind : std::uint8_t { none, names, patterns };
  Kind kind = Kind::none;
  std::uint8_t first = 0;
  bool to_the_end = false;  ///< else there is one
};

ChannelWords channels_of(const commands::Row& row);

/// Whether the command takes keys that key_ranges() does not tell, or tells of keys by which others
/// work. `options_at` is the word behind the last key that is named.
bool reaches_undeclared_keys(const commands::Row& row, Words words, std::size_t options_at);

/// Whether key_ranges() and the server may differ on where the keys are: of several words that look
/// like the one before a key it takes the first, where to the server that is the name of a group
/// (XREADGROUP GROUP STREAMS c STREAMS key id), or the last one counts (GEORADIUS with two STORE,
/// which the ACL of Valkey 8.0 takes for the first).
bool has_ambiguous_keys(const commands::Row& row, Words words);

/// As the server compares options, which are C strings to it: what follows a zero byte does not
/// count.
bool is_option(std::string_view word, std::string_view upper_case);

}  // namespace plimsoll::bridge
