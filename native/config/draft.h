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

// A configuration while it is put together.

namespace plimsoll::native::config {

/// Who speaks; later ones win.
enum class Layer { base, file, environment };

class Draft {
 public:
  /// Of what the program says.
  explicit Draft(const Configuration& base);

  /// `where` is for problems ("a.toml:3: borrowing"), `origin` for who asks later ("a.toml:3").
  /// `folder` is where a path lies that is no absolute one.
  struct Said {
    Layer layer;
    std::string where;
    std::string origin;
    std::string folder;
  };
  void set(const OptionRow& row, Words words, const Said& said);
  /// It was said, and is not to be had.
  void refuse(const OptionRow& row, std::string_view where, std::string_view what);

  void add_problem(std::string_view where, std::string_view what) { problems_.add(where, what); }
  void add_warning(std::string text) { configuration_.warnings.push_back(std::move(text)); }
  /// Enough to stop at.
  bool has_many_problems() const { return problems_.lines().size() >= configuration_problems_max; }

  /// Which layer said the value; base also where nobody did.
  Layer layer(std::string_view key) const;
  /// Whether what was said about one of these was wrong.
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

/// "is "64 MiB iB"; expected ...", without the value where it is a secret, or could not be read.
std::string wrong_value(const OptionRow& row, const Words& words);

}  // namespace plimsoll::native::config
