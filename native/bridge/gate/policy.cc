#include "plimsoll/native/bridge/gate/policy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>

#include "plimsoll/core/commands/folded.h"
#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/native/bridge/gate/command_ways.h"
#include "plimsoll/native/bridge/gate/rule_set.h"

namespace plimsoll::bridge {
namespace {

namespace row_numbers = commands::row_numbers;
using commands::Row;

// Channels of keyspace notifications, which name keys: https://valkey.io/topics/notifications
constexpr std::array<std::string_view, 2> notifications = {"__keyspace@", "__keyevent@"};

constexpr std::string_view beyond_prefixes = " does not begin with an allowed prefix";
// Shorter, because the longest names are those of commands for channels: the reason must fit.
constexpr std::string_view beyond_channels = " begins with no allowed prefix";

std::optional<std::string> add_all(RuleSet& set, const std::vector<std::string>& rules) {
  for (const std::string& rule : rules) {
    if (auto problem = set.add(rule)) return problem;
  }
  return std::nullopt;
}

// The commands that Rules::allow_unsafe may name.
bool may_be_unsafe(std::string_view name) {
  return name == "CLIENT|KILL" || name == "CLIENT|PAUSE" || name == "CLIENT|UNPAUSE";
}

// Returns what is wrong with `rule`, or nothing.
std::optional<std::string> add_unsafe(std::vector<bool>& rows, const std::string& rule) {
  for (std::size_t place = 0; place < rows.size(); ++place) {
    const std::string_view name = commands::all_rows()[place].name_view();
    if (!may_be_unsafe(name) || !commands::is_token(rule, name)) continue;
    rows[place] = true;
    return std::nullopt;
  }
  return "'" + rule + "' is not one of client|kill, client|pause and client|unpause";
}

bool has_empty(const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [](const std::string& prefix) { return prefix.empty(); });
}

bool begins_with_any(std::string_view text, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return text.starts_with(prefix); });
}

// The literal beginning of a pattern: every channel that it matches begins with it.
std::string_view literal_part(std::string_view pattern) {
  return pattern.substr(0, pattern.find_first_of("*?[\\"));
}

bool is_notification(std::string_view channel) {
  return std::any_of(notifications.begin(), notifications.end(),
                     [&](std::string_view begin) { return channel.starts_with(begin); });
}

bool may_match_notification(std::string_view pattern) {
  const std::string_view literal = literal_part(pattern);
  return is_notification(literal) ||
         std::any_of(notifications.begin(), notifications.end(),
                     [&](std::string_view begin) { return begin.starts_with(literal); });
}

Verdict not_allowed(const Row& row) {
  return Verdict::refused().name(row.name_view()).say(" is not allowed");
}

// Why a command is refused that tells_of_all_keys().
Verdict telling_of_all(const Row& row, std::span<const std::string_view> words) {
  Verdict refused = Verdict::refused().name(row.name_view());
  if (commands::number_of(row) != row_numbers::info) {
    return refused.say(" tells of keys without an allowed prefix");
  }
  const auto sections = words.subspan(1);
  const auto other = std::ranges::find_if_not(sections, is_harmless_section);
  if (other == sections.end()) {
    refused.say(" without a section");
  } else {
    refused.say(" ").quote(*other);
  }
  return refused.say(" may tell of all keys; INFO server does not");
}

Verdict judge_name(const Row& row, std::string_view name) {
  if (name.size() <= connection_name_bytes_max) return Verdict::allowed();
  return Verdict::refused()
      .name(row.name_view())
      .say(" with a name of ")
      .say(std::to_string(name.size()))
      .say(" bytes; expected ")
      .say(std::to_string(connection_name_bytes_max))
      .say(" at most");
}

Verdict judge_hello(const Row& row, std::span<const std::string_view> words) {
  const bool has_version = words.size() > 1;
  if (has_version && words[1] != "2" && words[1] != "3") {
    return Verdict::refused().say("HELLO with a version that is neither 2 nor 3");
  }
  if (words.size() <= 2) return Verdict::allowed();
  if (words.size() == 4 && is_option(words[2], "SETNAME")) return judge_name(row, words[3]);
  return Verdict::refused().say("HELLO is not allowed with options other than SETNAME");
}

}  // namespace

std::variant<Policy, RuleProblem> Policy::create(const Rules& rules) {
  RuleSet allow;
  if (auto problem = add_all(allow, rules.allow)) return RuleProblem{"allow: " + *problem};
  RuleSet deny;
  if (auto problem = add_all(deny, rules.deny)) return RuleProblem{"deny: " + *problem};
  // An empty prefix would permit all keys or channels, which the lists are meant to prevent. Only
  // alone in channel_prefixes may it stand for all channels, because an empty list permits none.
  if (has_empty(rules.key_prefixes)) return RuleProblem{"key_prefixes: a prefix is empty"};
  if (rules.channel_prefixes.size() > 1 && has_empty(rules.channel_prefixes)) {
    return RuleProblem{
        "channel_prefixes: a prefix is empty; an empty prefix permits any channel, and must be the "
        "only one"};
  }

  Policy policy;
  const std::span<const Row> rows = commands::all_rows();
  policy.allowed_rows_.resize(rows.size());
  policy.rows_with_subcommands_.resize(rows.size());
  for (std::size_t place = 0; place < rows.size(); ++place) {
    policy.allowed_rows_[place] = allow.has_row(place) && !deny.may_have_row(place);
    if (rows[place].name_words() == 1) continue;
    const std::string_view name = rows[place].name_view();
    const std::array<std::string_view, 1> container = {name.substr(0, name.find('|'))};
    const Row* const found = commands::find(container);
    if (found != nullptr) policy.rows_with_subcommands_[commands::number_of(*found) - 1u] = true;
  }
  policy.unsafe_rows_.resize(rows.size());
  for (const std::string& rule : rules.allow_unsafe) {
    if (auto problem = add_unsafe(policy.unsafe_rows_, rule)) {
      return RuleProblem{"allow_unsafe: " + *problem};
    }
  }
  policy.allows_unknown_ = allow.has_all() && !deny.has_categories() && rules.key_prefixes.empty();
  policy.key_bytes_max_ = rules.key_bytes_max;
  policy.key_prefixes_ = rules.key_prefixes;
  policy.channel_prefixes_ = rules.channel_prefixes;
  // Notifications of keys name keys, so with key_prefixes not even "" permits them.
  policy.allows_all_channels_ = rules.key_prefixes.empty() && has_empty(rules.channel_prefixes);
  policy.databases_ = rules.databases;
  if (policy.databases_.empty()) policy.databases_ = {0};
  return policy;
}

Verdict Policy::judge(const Row* row, Words words) const {
  if (words.empty() || words[0].empty()) return Verdict::refused().say("a command without a name");
  if (row == nullptr) return judge_unknown(words[0]);
  // A newer server may know this subcommand. The container's row, which says where the keys are for
  // example, need not be right for that subcommand.
  if (row->name_words() == 1 && words.size() > 1 &&
      rows_with_subcommands_[commands::number_of(*row) - 1u]) {
    return Verdict::refused().name(row->name_view()).say(" ").quote(words[1]).say(" is unknown");
  }
  switch (way_of(*row)) {
    case Way::always: return Verdict::allowed();
    case Way::never: return judge_unsafe(*row);
    case Way::hello: return judge_hello(*row, words);
    case Way::naming: return judge_name(*row, words.back());
    case Way::select: return judge_database(*row, words.size() == 2 ? words[1] : "");
    case Way::tracking: return judge_tracking(*row, words);
    case Way::by_rules: return judge_by_rules(*row, words);
  }
  return not_allowed(*row);
}

Verdict Policy::judge_unsafe(const Row& row) const {
  return unsafe_rows_[commands::number_of(row) - 1u] ? Verdict::allowed() : not_allowed(row);
}

Verdict Policy::judge_unknown(std::string_view name) const {
  // No command of a server has a | in its name; the table uses it for subcommands. What begins with
  // the mark is a refusal, which only the gate may write.
  const bool may_be_one =
      name.find('|') == std::string_view::npos && !name.starts_with(Verdict::refusal_mark);
  if (allows_unknown_ && may_be_one) return Verdict::allowed();
  return Verdict::refused().quote(name).say(" is not allowed");
}

// CLIENT TRACKING ON|OFF; reads the options from left to right, as the server does. With RESUME
// come a name and a number, which only the bridge itself understands.
Verdict Policy::judge_tracking(const Row& row, Words words) const {
  if (words.size() > 2 && is_option(words[2], "RESUME")) return Verdict::allowed();
  bool broadcasts = false;
  bool has_prefix = false;
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (is_option(words[i], "BCAST")) {
      broadcasts = true;
    } else if (is_option(words[i], "PREFIX") && i + 1 < words.size()) {
      const std::string_view prefix = words[++i];
      has_prefix = true;
      if (!key_prefixes_.empty() && !begins_with_any(prefix, key_prefixes_)) {
        return Verdict::refused()
            .name(row.name_view())
            .say(": prefix ")
            .quote(prefix)
            .say(beyond_prefixes);
      }
    } else if (!is_option(words[i], "OPTIN") && !is_option(words[i], "OPTOUT") &&
               !is_option(words[i], "NOLOOP")) {
      return Verdict::refused().say("CLIENT TRACKING is not allowed with ").quote(words[i]);
    }
  }
  if (broadcasts && !has_prefix && !key_prefixes_.empty()) {
    return Verdict::refused().say("CLIENT TRACKING with BCAST needs an allowed PREFIX");
  }
  // BCAST without a prefix reveals the name of every key that any client writes.
  const bool broadcasts_all = broadcasts && key_prefixes_.empty();
  if (broadcasts_all && !allowed_rows_[commands::number_of(row) - 1u]) return not_allowed(row);
  return Verdict::allowed();
}

Verdict Policy::judge_by_rules(const Row& row, Words words) const {
  if (!allowed_rows_[commands::number_of(row) - 1u]) return not_allowed(row);
  if (const Verdict channels = judge_channels(row, words); !channels.is_allowed()) return channels;
  return key_prefixes_.empty() ? judge_databases(row, words) : judge_keys(row, words);
}

Verdict Policy::judge_channels(const Row& row, Words words) const {
  const ChannelWords places = channels_of(row);
  if (allows_all_channels_ || places.kind == ChannelWords::Kind::none) return Verdict::allowed();
  const bool are_patterns = places.kind == ChannelWords::Kind::patterns;
  if (words.size() <= places.first) {
    return Verdict::refused().name(row.name_view()).say(" without a channel is not allowed");
  }
  const std::size_t end = places.to_the_end ? words.size() : places.first + std::size_t{1};
  const auto refuse = [&](std::string_view channel, std::string_view why) {
    return Verdict::refused().name(row.name_view()).say(": channel ").quote(channel).say(why);
  };
  for (const std::string_view word : words.subspan(places.first, end - places.first)) {
    if (!begins_with_any(are_patterns ? literal_part(word) : word, channel_prefixes_)) {
      return refuse(word, beyond_channels);
    }
    if (are_patterns ? may_match_notification(word) : is_notification(word)) {
      return refuse(word, " may reveal any key");
    }
  }
  return Verdict::allowed();
}

Verdict Policy::judge_keys(const Row& row, Words words) const {
  const auto ranges = commands::key_ranges(row, words);
  if (!ranges || has_ambiguous_keys(row, words) || (row.specs_count > 0 && ranges->count == 0)) {
    return Verdict::refused().say("the keys of ").name(row.name_view()).say(" are unknown");
  }
  std::size_t options_at = row.name_words();
  for (const commands::KeyRange& range : std::span(ranges->ranges).first(ranges->count)) {
    for (std::size_t i = 0; i < range.count; ++i) {
      const std::size_t at = range.first + i * range.step;
      if (!begins_with_any(words[at], key_prefixes_)) {
        return Verdict::refused()
            .name(row.name_view())
            .say(": key ")
            .quote(words[at])
            .say(beyond_prefixes);
      }
      options_at = std::max(options_at, at + 1);
    }
  }
  if (reaches_undeclared_keys(row, words, options_at)) {
    return Verdict::refused()
        .name(row.name_view())
        .say(" may reach keys")
        .say(" without an allowed prefix");
  }
  return tells_of_all_keys(row, words) ? telling_of_all(row, words) : Verdict::allowed();
}

Verdict Policy::judge_long_keys(const Row& row, Words words) const {
  std::size_t longest = 0;
  if (const auto ranges = commands::key_ranges(row, words)) {
    for (const commands::KeyRange& range : std::span(ranges->ranges).first(ranges->count)) {
      for (std::size_t i = 0; i < range.count; ++i) {
        longest = std::max(longest, words[range.first + i * range.step].size());
      }
    }
  } else {
    for (const std::string_view word : words) longest = std::max(longest, word.size());
  }
  if (longest <= key_bytes_max_) return Verdict::allowed();
  return Verdict::refused()
      .name(row.name_view())
      .say(": a key has ")
      .say(std::to_string(longest))
      .say(" bytes; key_bytes_max is ")
      .say(std::to_string(key_bytes_max_));
}

// Checks the databases that a command names besides the connection's own.
Verdict Policy::judge_databases(const Row& row, Words words) const {
  const auto word = [&](std::size_t at) { return at < words.size() ? words[at] : ""; };
  switch (commands::number_of(row)) {
    case row_numbers::move: return judge_database(row, word(2));
    case row_numbers::swapdb: {
      const Verdict first = judge_database(row, word(1));
      return first.is_allowed() ? judge_database(row, word(2)) : first;
    }
    case row_numbers::copy:
      for (std::size_t i = 3; i < words.size(); ++i) {
        if (!is_option(words[i], "DB")) continue;
        if (const Verdict named = judge_database(row, word(i + 1)); !named.is_allowed())
          return named;
      }
      return Verdict::allowed();
    default: return Verdict::allowed();
  }
}

Verdict Policy::judge_database(const Row& row, std::string_view number) const {
  std::uint32_t database = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), database);
  const bool is_number = error == std::errc() && end == number.data() + number.size();
  if (is_number && std::count(databases_.begin(), databases_.end(), database) > 0) {
    return Verdict::allowed();
  }
  return Verdict::refused()
      .name(row.name_view())
      .say(": database ")
      .quote(number)
      .say(" is not allowed");
}

}  // namespace plimsoll::bridge
