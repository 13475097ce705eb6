#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Rules::allow and Rules::deny as rows of the command table.

namespace plimsoll::bridge {

/// The commands that a list of names and categories means.
class RuleSet {
 public:
  RuleSet();

  /// Adds a name or a category. What is wrong with it, if anything.
  std::optional<std::string> add(std::string_view rule);

  bool has_row(std::size_t place) const { return rows_[place]; }

  /// The same, and true of a row whose categories are not known where a category is in it.
  bool may_have_row(std::size_t place) const;

  /// Whether "@all" is in it.
  bool has_all() const { return has_all_; }

  /// Whether any category is in it, which a command that is not known may belong to.
  bool has_categories() const { return has_categories_; }

 private:
  bool add_category(std::string_view name);
  bool add_command(std::string_view name);

  std::vector<bool> rows_;
  bool has_all_ = false;
  bool has_categories_ = false;
};

}  // namespace plimsoll::bridge
