#include "plimsoll/native/bridge/gate/rule_set.h"

#include <array>
#include <cstddef>
#include <iterator>
#include <span>

#include "plimsoll/core/commands/command_rows.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/folded.h"
#include "plimsoll/native/bridge/gate/command_categories.h"

namespace plimsoll::bridge {
namespace {

static_assert(std::size(row_categories) == std::size(commands::rows));

bool is_subcommand_of(const commands::Row& row, std::string_view container) {
  const std::string_view name = row.name_view();
  return name.size() > container.size() && name.starts_with(container) &&
         name[container.size()] == '|';
}

}  // namespace

RuleSet::RuleSet() : rows_(commands::all_rows().size()) {}

std::optional<std::string> RuleSet::add(std::string_view rule) {
  const bool is_category = rule.starts_with('@');
  if (is_category ? add_category(rule.substr(1)) : add_command(rule)) return std::nullopt;
  return "'" + std::string(rule) + "' is not a " +
         (is_category ? "category of commands" : "command");
}

bool RuleSet::may_have_row(std::size_t place) const {
  return rows_[place] || (has_categories_ && row_categories[place] == 0);
}

bool RuleSet::add_category(std::string_view name) {
  if (commands::is_token(name, "ALL")) {
    has_all_ = has_categories_ = true;
    rows_.assign(rows_.size(), true);
    return true;
  }
  for (std::size_t i = 0; i < std::size(category_names); ++i) {
    if (!commands::is_token(name, category_names[i])) continue;
    has_categories_ = true;
    for (std::size_t place = 0; place < rows_.size(); ++place) {
      if ((row_categories[place] >> i & 1u) != 0) rows_[place] = true;
    }
    return true;
  }
  return false;
}

bool RuleSet::add_command(std::string_view name) {
  const std::size_t bar = name.find('|');
  const bool has_bar = bar != std::string_view::npos;
  const std::array<std::string_view, 2> words = {name.substr(0, bar),
                                                 has_bar ? name.substr(bar + 1) : ""};
  const commands::Row* const row = commands::find(std::span(words).first(has_bar ? 2 : 1));
  // For an unknown subcommand find() returns the row of the container.
  if (row == nullptr || row->name_words() != (has_bar ? 2u : 1u)) return false;
  rows_[commands::number_of(*row) - 1u] = true;
  if (has_bar) return true;
  const std::span<const commands::Row> all = commands::all_rows();
  for (std::size_t place = 0; place < all.size(); ++place) {
    if (is_subcommand_of(all[place], row->name_view())) rows_[place] = true;
  }
  return true;
}

}  // namespace plimsoll::bridge
