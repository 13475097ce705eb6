#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include "plimsoll/native/bridge/config/config_places.h"
#include "plimsoll/native/bridge/config/problems.h"

// A table of a TOML file, read key by key; collects problems with file, line and key.

namespace plimsoll::bridge {

/// Shared by all tables of one file.
struct ConfigSource {
  std::string file;  ///< its name, for problems
  Problems& problems;
  ConfigPlaces& places;  ///< of all keys that were read
  /// The known keys that unknown ones probably stand for: "upstreams" for "upstream".
  std::set<std::string, std::less<>>& misspelled;
  /// Whether a key stands at the top of the file, outside of all tables.
  bool (*is_top_key)(std::string_view key) = [](std::string_view) { return false; };
};

/// An entry of a list of texts.
struct ConfigEntry {
  std::string text = {};
  std::size_t number = 0;  ///< from 1; entries of other types count
  std::size_t line = 0;
};

/// Returns values by key. A value of the wrong type is a problem, and is treated as missing. After
/// all known keys were read, refuse_unknown() reports the others.
class ConfigTable {
 public:
  /// `path` is the table's place, with a dot at the end: "limits.". `table` must outlive this
  /// object.
  ConfigTable(const toml::table& table, std::string path, ConfigSource& source);

  std::optional<std::string> text(std::string_view key,
                                  std::string_view expected = "a text, in quotes");
  std::optional<std::int64_t> integer(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  bool flag(std::string_view key) { return boolean(key).value_or(false); }
  std::vector<std::string> texts(std::string_view key);
  std::vector<ConfigEntry> entries(std::string_view key);
  std::vector<std::int64_t> integers(std::string_view key);

  /// A text, or an integer as text.
  std::optional<std::string> amount(std::string_view key);

  /// The table at `key`, or an empty table if `key` is missing.
  ConfigTable table(std::string_view key);
  /// The tables [KEY.NAME] with their names, which are plain names.
  struct Named;
  std::vector<Named> tables(std::string_view key);
  /// The tables [[KEY]].
  std::vector<ConfigTable> list(std::string_view key);

  bool has(std::string_view key) const { return table_->contains(key); }
  /// Whether there is a table at `key`, and not a value.
  bool has_table(std::string_view key) const;
  /// Adds "FILE:LINE: KEY: WHAT". If the table has no such key, the line is the table's.
  void add_problem(std::string_view key, std::string_view what);
  /// Adds "FILE:LINE: KEY: entry NUMBER WHAT", with the entry's own line.
  void add_problem(std::string_view key, const ConfigEntry& entry, std::string_view what);
  /// The place of `key`, for problems that are found later.
  Place where(std::string_view key) const;
  /// The place of an entry of `key`.
  Place where(std::string_view key, const ConfigEntry& entry) const;

  /// Reports each key that was never read.
  void refuse_unknown();

 private:
  const toml::node* find(std::string_view key);
  // Reports that the value at `key` has another type than `expected`.
  void refuse_type(std::string_view key, const toml::node& found, std::string_view expected);

  const toml::table* table_;
  std::string path_;
  ConfigSource* source_;
  std::set<std::string, std::less<>> known_;
};

struct ConfigTable::Named {
  std::string name;
  ConfigTable table;
};

}  // namespace plimsoll::bridge
