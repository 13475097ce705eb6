#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/configuration.h"

// One option: its key, the access to its field in a Configuration, and its description.
// option_rows.h has the table of all options.

namespace plimsoll::inline v0::native::config {

/// A value as texts: one text, or for a list any number. Empty: not set, or an empty list.
using Words = std::vector<std::string>;

/// How a value is written.
enum class Kind : std::uint8_t {
  flag,      ///< true or false
  count,     ///< an integer
  attempts,  ///< an integer, or "unlimited"
  ratio,     ///< 0 to 1
  amount,    ///< "64 MiB", or an integer
  limit,     ///< an amount, or "auto"
  time,      ///< "250 ms"
  choice,    ///< one of some words
  text,
  path,     ///< of a file; relative to the folder of the TOML file
  address,  ///< valkey://..., which may contain a password
  listen,   ///< "127.0.0.1:9121"
  texts     ///< a list; in the environment separated by commas
};

/// When a change takes effect while the process runs.
enum class Taken : std::uint8_t { at_once, by_new_clients, at_start };

/// Access to one field of a Configuration.
struct Access {
  Kind kind;
  Words (*get)(const Configuration& configuration);
  /// False if the words are not a valid value; then the field does not change.
  bool (*set)(Configuration& configuration, const Words& words);
  /// What was expected, for problems: "true or false".
  std::string (*expected)();
  /// The names of a choice's values.
  std::vector<std::string_view> (*choices)();
  /// The field's address. A test compares them to find fields that the table forgets.
  const void* (*address)(const Configuration& configuration);
};

struct OptionRow {
  std::string_view key;  ///< "client.request_timeout"
  Access access;
  Taken taken;
  std::string_view description;
  std::string_view when_unset = {};  ///< what applies if there is no value
  bool secret = false;
};

/// "PLIMSOLL_CLIENT__REQUEST_TIMEOUT".
std::string environment_name(const OptionRow& row);

/// Return the parts of the key "client.request_timeout": "client" and "request_timeout".
std::string_view section_of(const OptionRow& row);
std::string_view name_of(const OptionRow& row);

/// Whether the value differs from the default.
bool is_changed(const Configuration& configuration, const OptionRow& row);

/// The value as TOML: `"64 MiB"`, 1000, ["a", "b"]. A secret becomes (set); a value that is not set
/// becomes an empty text.
std::string shown(const Configuration& configuration, const OptionRow& row);

}  // namespace plimsoll::inline v0::native::config
