#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/native/config/option_row.h"
#include "plimsoll/native/config/text/problems.h"

// A configuration while it is being merged, with the problems found so far.

namespace plimsoll::inline v0::native::config {

/// Where a value comes from; later layers override earlier ones.
enum class Layer { base, file, environment };

class Draft {
 public:
  /// Starts from the program's own values.
  explicit Draft(const Configuration& base);

  /// `where` appears in problems ("a.toml:3: borrowing"), `origin` in Configuration::origins
  /// ("a.toml:3"). Relative paths are relative to `folder`.
  struct Said {
    Layer layer;
    std::string where;
    std::string origin;
    std::string folder;
  };
  void set(const OptionRow& row, Words words, const Said& said);
  /// Reports that a value was given and cannot be used.
  void refuse(const OptionRow& row, std::string_view where, std::string_view what);

  void add_problem(std::string_view where, std::string_view what) { problems_.add(where, what); }
  void add_warning(std::string text) { configuration_.warnings.push_back(std::move(text)); }
  /// Whether there are so many problems that reading should stop.
  bool has_many_problems() const { return problems_.lines().size() >= configuration_problems_max; }

  /// The layer that set the value; `base` also if no layer did.
  Layer layer(std::string_view key) const;
  /// Whether a value for one of these was wrong.
  bool is_bad(std::span<const OptionRow> rows) const;

  Configuration& configuration() { return configuration_; }
  const Configuration& configuration() const { return configuration_; }
  Problems& problems() { return problems_; }

 private:
  Configuration configuration_;
  Problems problems_;
  std::map<std::string, Layer, std::less<>> layers_;
  std::set<std::string, std::less<>> bad_;
};

/// "is "64 MiB iB"; expected ...", without the value if it is a secret, long, or not printable.
std::string wrong_value(const OptionRow& row, const Words& words);

}  // namespace plimsoll::inline v0::native::config
