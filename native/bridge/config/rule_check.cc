#include "plimsoll/native/bridge/config/rule_check.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/folded.h"
#include "plimsoll/native/bridge/gate/command_categories.h"
#include "plimsoll/native/bridge/gate/rule_set.h"
#include "plimsoll/native/config/text/nearest.h"
#include "plimsoll/native/config/text/plain_name.h"

namespace plimsoll::bridge {
namespace {

namespace words = native::config;

std::string in_lower_case(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

std::vector<std::string> make_rule_names() {
  std::vector<std::string> names{"@all"};
  for (const std::string_view name : category_names) names.push_back("@" + in_lower_case(name));
  for (const commands::Row& row : commands::all_rows()) {
    names.push_back(in_lower_case(row.name_view()));
  }
  return names;
}

// All names that a rule may have. The views stay valid as long as the process runs.
const std::vector<std::string_view>& rule_names() {
  static const std::vector<std::string> names = make_rule_names();
  static const std::vector<std::string_view> views(names.begin(), names.end());
  return views;
}

// Whether `text` is made of the characters of a rule.
bool could_be_rule(std::string_view text) {
  if (text.starts_with('@')) text.remove_prefix(1);
  return !text.empty() && text.size() <= words::name_size_max &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_' || c == '.' || c == '|';
         });
}

// The rule that an ACL of the server, or a person, would write as `written`: "+@read",
// "config get", "read" for "@read".
std::string_view meant_rule(std::string_view written) {
  if (written.size() > words::nearest_size_max) return {};
  std::string text = in_lower_case(written);
  if (text == "*" || text == "allcommands") return "@all";
  if (text.starts_with('+')) text.erase(0, 1);
  std::replace(text.begin(), text.end(), ' ', '|');
  const std::vector<std::string_view>& names = rule_names();
  for (const std::string& spelling :
       {text, "@" + text, text.starts_with('@') ? text.substr(1) : text}) {
    const auto same = std::find(names.begin(), names.end(), spelling);
    if (same != names.end()) return *same;
  }
  return words::nearest(text, names);
}

// As Policy has it; rule_check_test compares.
constexpr std::string_view unsafe_names[] = {"CLIENT|KILL", "CLIENT|PAUSE", "CLIENT|UNPAUSE"};
constexpr std::string_view unsafe_expected =
    "; expected client|kill, client|pause or client|unpause";

}  // namespace

std::string problem_of_rule(std::string_view rule) {
  if (could_be_rule(rule)) return RuleSet().add(rule).value_or("");
  return "is neither a command nor a @category; expected for example get, config|get or @read";
}

std::string problem_of_unsafe_rule(std::string_view rule) {
  const bool is_known = std::any_of(std::begin(unsafe_names), std::end(unsafe_names),
                                    [&](auto name) { return commands::is_token(rule, name); });
  if (is_known) return {};
  if (!could_be_rule(rule)) return "is not a command" + std::string(unsafe_expected);
  return "is '" + std::string(rule) + "', which is not for allow_unsafe" +
         std::string(unsafe_expected);
}

std::string suggestion_for_rule(std::string_view rule) {
  // In an ACL of the server, this takes a permission away. To suggest the name alone would grant
  // it.
  if (rule.starts_with('-')) return "; what a profile may not do belongs in deny, without the -";
  const std::string_view meant = meant_rule(rule);
  const bool has_several = rule.find_first_of(" ,") != rule.npos;
  if (has_several && meant.find('|') == meant.npos) return "; each rule has quotes of its own";
  return words::suggestion(meant);
}

}  // namespace plimsoll::bridge
