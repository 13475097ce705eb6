#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Rules::allow or Rules::deny, resolved to rows of the command table.

namespace plimsoll::bridge {

/// The commands that a list of names and categories means.
class RuleSet {
 public:
  RuleSet();

  /// Adds a name or a category. Returns what is wrong with it, or nothing.
  std::optional<std::string> add(std::string_view rule);

  bool has_row(std::size_t place) const { return rows_[place]; }

  /// As has_row(), but also true for a row whose categories are unknown if the set has a category:
  /// the row may belong to it.
  bool may_have_row(std::size_t place) const;

  /// Whether "@all" was added.
  bool has_all() const { return has_all_; }

  /// Whether any category was added. A command that the table does not know may belong to it.
  bool has_categories() const { return has_categories_; }

 private:
  bool add_category(std::string_view name);
  bool add_command(std::string_view name);

  std::vector<bool> rows_;
  bool has_all_ = false;
  bool has_categories_ = false;
};

}  // namespace plimsoll::bridge
