#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/commands/command_table.h"

// What the bridge knows about commands beyond the command table: which ones always or never pass,
// whatever a profile's rules are, which ones name channels, and which ones reach keys that their
// words do not name.

namespace plimsoll::bridge {

using Words = std::span<const std::string_view>;

enum class Way : std::uint8_t {
  by_rules,  ///< as the profile's rules say
  always,    ///< what every client needs, and what affects only its own connection
  never,     ///< would change the connection's user or the form of its replies, or affect other
             ///< clients; Rules::allow_unsafe makes exceptions
  hello,
  select,
  tracking,
  naming,  ///< as `always`, with a name of connection_name_bytes_max
};

/// The longest word with which a client describes its connection: a server keeps it.
inline constexpr std::size_t connection_name_bytes_max = 256;

Way way_of(const commands::Row& row);

/// Which of a command's words are channels, or patterns of channels.
struct ChannelWords {
  enum class Kind : std::uint8_t { none, names, patterns };
  Kind kind = Kind::none;
  std::uint8_t first = 0;
  bool to_the_end = false;  ///< false: one word; true: all words from `first` on
};

ChannelWords channels_of(const commands::Row& row);

/// How many prefixes this CLIENT TRACKING has.
std::size_t prefixes_of(Words words);

/// Whether the command reaches keys that key_ranges() does not report, or reveals names of keys.
/// `options_at` is the index of the word behind the last key that is named.
bool reaches_undeclared_keys(const commands::Row& row, Words words, std::size_t options_at);

/// Whether the reply tells something of all keys without naming them, such as their number.
bool tells_of_all_keys(const commands::Row& row, Words words);

/// Whether a section of INFO tells nothing of the keys that there are.
bool is_harmless_section(std::string_view section);

/// Whether key_ranges() and the server may disagree on where the keys are, which would let a key
/// slip past key_prefixes. If the keyword in front of a key occurs twice, key_ranges() takes the
/// first one. To the server the first may be the name of a group (XREADGROUP GROUP STREAMS c
/// STREAMS key id), or the last one counts (GEORADIUS with two STORE; the ACL of Valkey 8.0 takes
/// the first).
bool has_ambiguous_keys(const commands::Row& row, Words words);

/// Whether `word` is this option to the server, which compares options as C strings: it ignores
/// what follows a zero byte.
bool is_option(std::string_view word, std::string_view upper_case);

}  // namespace plimsoll::bridge
