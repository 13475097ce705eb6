#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include "plimsoll/native/config/text/problems.h"

// A table of a TOML file, for who knows what has to be in it.

namespace plimsoll::bridge {

using native::config::Problems;

/// What all tables of a file share.
struct ConfigSource {
  std::string file;  ///< its name, for problems
  Problems& problems;
};

/// Hands values out by key. One of the wrong type is a problem, and handed out as if it were not
/// there. Keys that nobody has asked for are unknown: refuse_unknown() comes last.
class ConfigTable {
 public:
  /// `path` is where the table lies, with a dot behind it: "limits.". `table` must outlive this.
  ConfigTable(const toml::table& table, std::string path, ConfigSource& source);

  std::optional<std::string> text(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key);
  bool flag(std::string_view key);  ///< false: also where it is not there
  std::vector<std::string> texts(std::string_view key);
  std::vector<std::int64_t> integers(std::string_view key);

  /// A text, or an integer as if it were written as one.
  std::optional<std::string> amount(std::string_view key);

  /// An empty table where there is none.
  ConfigTable table(std::string_view key);
  /// Those of [KEY.NAME] with their names, which are plain ones.
  struct Named;
  std::vector<Named> tables(std::string_view key);
  /// Those of [[KEY]].
  std::vector<ConfigTable> list(std::string_view key);

  bool has(std::string_view key) const { return table_->contains(key); }
  /// "KEY: WHAT", with the file and the line of the key; of the table where it has no such key.
  void add_problem(std::string_view key, std::string_view what);
  /// Where `key` is, for problems that others add: "FILE:LINE: KEY".
  std::string where(std::string_view key) const;

  void refuse_unknown();

 private:
  const toml::node* find(std::string_view key);
  // A problem where the value at `key` is of another type than `expected` says.
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
