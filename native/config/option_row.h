#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/configuration.h"

// One option: its key, how to come by its field in a Configuration, and what is said of it. The
// table of them is option_rows.h.

namespace plimsoll::native::config {

/// A value as texts: one, or any number of a list. None: it is not set, or an empty list.
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
  path,     ///< of a file; relative ones lie in the folder of the file that says them
  address,  ///< valkey://..., which may have a password in it
  listen,   ///< "127.0.0.1:9121"
  texts     ///< a list; in the environment with commas between
};

/// Whom a change reaches while the process runs.
enum class Taken : std::uint8_t { at_once, by_new_clients, at_start };

/// How to come by one field of a Configuration.
struct Access {
  Kind kind;
  Words (*get)(const Configuration& configuration);
  /// False where the words are no such value: it stays as it is.
  bool (*set)(Configuration& configuration, const Words& words);
  /// "true or false": for problems.
  std::string (*expected)();
  /// Of a choice.
  std::vector<std::string_view> (*choices)();
  /// Of the field, for the test that no field is forgotten.
  const void* (*address)(const Configuration& configuration);
};

struct OptionRow {
  std::string_view key;  ///< "client.request_timeout"
  Access access;
  Taken taken;
  std::string_view description;
  std::string_view when_unset = {};  ///< what holds where there is no value
  bool secret = false;
};

/// "PLIMSOLL_CLIENT__REQUEST_TIMEOUT".
std::string environment_name(const OptionRow& row);

/// "client" of "client.request_timeout", and "request_timeout".
std::string_view section_of(const OptionRow& row);
std::string_view name_of(const OptionRow& row);

/// Whether there is a value that differs from the default.
bool is_changed(const Configuration& configuration, const OptionRow& row);

/// For people, and for TOML: `"64 MiB"`, 1000, ["a", "b"]. A secret is (set); what is not set is
/// empty.
std::string shown(const Configuration& configuration, const OptionRow& row);

}  // namespace plimsoll::native::config
