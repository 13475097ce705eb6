#include "plimsoll/core/cache/filter.h"

#include <algorithm>
#include <functional>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/commands/folded.h"

namespace plimsoll::inline v0::cache {
namespace {

using Names = std::span<const std::string_view>;

Error refused(const char* what, const char* expected, std::uint64_t limit = Error::no_number) {
  return Error{
      .code = ErrorCode::invalid_option, .what = what, .expected = expected, .limit = limit};
}

// Returns the row of the command `name`, or null. Subcommands are not found, because their names
// have two words.
const commands::Row* find(std::string_view name) { return commands::find(std::span(&name, 1)); }

// Returns the first name that occurs a second time, or null if all differ.
template <class IsSame>
const std::string_view* find_double(Names names, IsSame is_same) {
  for (std::size_t i = 1; i < names.size(); ++i) {
    for (std::string_view earlier : names.first(i)) {
      if (is_same(earlier, names[i])) return &names[i];
    }
  }
  return nullptr;
}

Status validate_commands(Names names, std::string_view& culprit) {
  for (std::string_view name : names) {
    culprit = name;
    const commands::Row* const row = find(name);
    if (row == nullptr) {
      return refused("only_commands names a command that is not known",
                     "names as in docs/commands.md; those of modules in module_reads");
    }
    if (row->cacheable == 0) {
      return refused("only_commands names a command whose replies are never cached",
                     "those that docs/commands.md calls cacheable");
    }
  }
  if (const auto* twice = find_double(names, commands::is_same_name)) {
    culprit = *twice;
    return refused("only_commands names a command twice", "each once");
  }
  return {};
}

Status validate_prefixes(Names prefixes, std::string_view& culprit) {
  if (prefixes.size() > key_prefixes_max) {
    return refused("only_key_prefixes are too many", "fewer", key_prefixes_max);
  }
  if (std::any_of(prefixes.begin(), prefixes.end(), [](auto each) { return each.empty(); })) {
    return refused("only_key_prefixes has an empty one", "none of them for all keys");
  }
  if (const auto* twice = find_double(prefixes, std::equal_to<>())) {
    culprit = *twice;
    return refused("only_key_prefixes has one twice", "each once");
  }
  return {};
}

Status validate_modules(Names names, std::string_view& culprit) {
  constexpr std::string_view not_in_names("| \t\r\n\0", 6);
  if (names.size() > commands::module_reads_max) {
    return refused("module_reads are too many", "fewer", commands::module_reads_max);
  }
  for (std::string_view name : names) {
    culprit = name;
    if (name.empty() || name.find_first_of(not_in_names) != std::string_view::npos) {
      return refused("module_reads has an entry that is not a command's name",
                     "one word, such as JSON.GET");
    }
    if (find(name) != nullptr) {
      return refused("module_reads names a command that is no module's",
                     "nothing: what is cacheable is cached without that");
    }
  }
  if (const auto* twice = find_double(names, commands::is_same_name)) {
    culprit = *twice;
    return refused("module_reads names a command twice", "each once");
  }
  return {};
}

}  // namespace

Status validate(const FilterOptions& options, std::string_view& culprit) {
  culprit = {};
  if (Status commands = validate_commands(options.only_commands, culprit); !commands) {
    return commands;
  }
  culprit = {};
  if (Status prefixes = validate_prefixes(options.only_key_prefixes, culprit); !prefixes) {
    return prefixes;
  }
  culprit = {};
  return validate_modules(options.module_reads, culprit);
}

Filter::Filter(const FilterOptions& options)
    : options_(options),
      has_to_look_(!options.only_commands.empty() || !options.only_key_prefixes.empty()) {
  PLIMSOLL_CHECK(commands::all_rows().size() < commands::module_row_first);
  for (std::string_view name : options.only_commands) {
    const commands::Row* const row = find(name);
    PLIMSOLL_CHECK(row != nullptr);
    const std::uint16_t number = commands::number_of(*row);
    rows_[number / 64u] |= std::uint64_t{1} << number % 64u;
  }
}

bool Filter::has_prefix(std::string_view key) const {
  const Names prefixes = options_.only_key_prefixes;
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [key](std::string_view prefix) { return key.starts_with(prefix); });
}

bool Filter::finds(const commands::Question& question) const {
  const bool is_of_table = question.row < commands::module_row_first;
  if (is_of_table && !options_.only_commands.empty()) {
    if ((rows_[question.row / 64u] >> question.row % 64u & 1) == 0) return false;
  }
  if (options_.only_key_prefixes.empty()) return true;
  return has_prefix(question.key) &&
         std::all_of(question.more_keys.begin(), question.more_keys.end(),
                     [this](std::string_view key) { return has_prefix(key); });
}

}  // namespace plimsoll::inline v0::cache
