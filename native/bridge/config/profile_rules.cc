#include "plimsoll/native/bridge/config/profile_rules.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/core/commands/folded.h"
#include "plimsoll/native/bridge/config/rule_check.h"

namespace plimsoll::bridge {
namespace {

// Reads `allow` or `deny`.
std::vector<std::string> read_rule_list(ConfigTable& table, std::string_view key,
                                        Problems& problems) {
  std::vector<std::string> rules;
  for (ConfigEntry& entry : table.entries(key)) {
    std::string problem = problem_of_rule(entry.text);
    // A suggestion costs a comparison with every name, so only a problem that is listed gets one.
    if (!problem.empty() && problems.count() < problems_listed_max) {
      problem += suggestion_for_rule(entry.text);
    }
    if (problem.starts_with('\'')) {  // says itself which entry it means
      problems.add(table.where(key, entry), problem);
    } else if (!problem.empty()) {
      table.add_problem(key, entry, problem);
    }
    rules.push_back(std::move(entry.text));
  }
  return rules;
}

std::vector<std::string> read_unsafe_rules(ConfigTable& table) {
  std::vector<std::string> rules;
  for (ConfigEntry& entry : table.entries("allow_unsafe")) {
    const std::string problem = problem_of_unsafe_rule(entry.text);
    if (!problem.empty()) table.add_problem("allow_unsafe", entry, problem);
    rules.push_back(std::move(entry.text));
  }
  return rules;
}

// Warns of the rules that stand in both lists, which have no effect.
void compare_rules(ConfigTable& table, const Rules& rules, Problems& warnings) {
  const auto is_before = [](const std::string& one, const std::string& other) {
    return std::lexicographical_compare(
        one.begin(), one.end(), other.begin(), other.end(),
        [](char a, char b) { return commands::folded(a) < commands::folded(b); });
  };
  const std::set<std::string, decltype(is_before)> denied(rules.deny.begin(), rules.deny.end());
  for (const std::string& rule : rules.allow) {
    if (!denied.contains(rule) || !problem_of_rule(rule).empty()) continue;
    warnings.add(table.where("allow"), "'" + rule + "' has no effect, because deny has it as well");
  }
}

// An empty prefix would permit all keys or channels, which the lists are meant to prevent. Only
// alone in channel_prefixes may it stand for all channels, because an empty list permits none.
std::vector<std::string> read_prefixes(ConfigTable& table, std::string_view key) {
  std::vector<ConfigEntry> entries = table.entries(key);
  const bool is_for_keys = key == "key_prefixes";
  std::vector<std::string> prefixes;
  for (ConfigEntry& entry : entries) {
    if (entry.text.empty() && is_for_keys) {
      table.add_problem(key, entry,
                        "is empty, which would permit every key; expected the beginning of keys, "
                        "or no key_prefixes for a profile that may use every key");
    } else if (entry.text.empty() && entries.size() > 1) {
      table.add_problem(key, entry,
                        "is empty, which permits every channel; expected it to be the only entry, "
                        "or the beginning of channels");
    }
    prefixes.push_back(std::move(entry.text));
  }
  return prefixes;
}

}  // namespace

Rules read_rules(ConfigTable& table, Problems& problems, Problems& warnings) {
  Rules rules;
  rules.allow = read_rule_list(table, "allow", problems);
  rules.deny = read_rule_list(table, "deny", problems);
  rules.allow_unsafe = read_unsafe_rules(table);
  compare_rules(table, rules, warnings);
  rules.key_prefixes = read_prefixes(table, "key_prefixes");
  rules.channel_prefixes = read_prefixes(table, "channel_prefixes");
  return rules;
}

}  // namespace plimsoll::bridge
