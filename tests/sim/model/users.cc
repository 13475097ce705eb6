#include "plimsoll/tests/sim/model/users.h"

#include <algorithm>

#include "plimsoll/tests/sim/model/glob.h"

namespace plimsoll::sim::model {
namespace {

bool is_denied(const User& user, std::string_view command) {
  const std::string_view container = command.substr(0, command.find('|'));
  return std::any_of(
      user.denied_commands.begin(), user.denied_commands.end(),
      [&](std::string_view denied) { return denied == command || denied == container; });
}

bool any_matches(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](std::string_view pattern) { return glob_matches(pattern, text); });
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool all_keys_permitted(const User& user, const Command& command, Arguments arguments) {
  if (contains(user.keys, "*")) return true;
  bool permitted = true;
  for_each_key(command, arguments,
               [&](std::string_view key) { permitted = permitted && any_matches(user.keys, key); });
  return permitted;
}

bool all_channels_permitted(const User& user, const Command& command, Arguments arguments) {
  if (contains(user.channels, "*")) return true;
  const bool patterns = command.has(flag_patterns);
  if (!patterns && !command.has(flag_channels) && !command.has(flag_first_channel)) return true;
  const Arguments channels =
      arguments.subspan(1, command.has(flag_first_channel) ? 1 : arguments.size() - 1);
  return std::all_of(channels.begin(), channels.end(), [&](std::string_view channel) {
    return patterns ? contains(user.channels, channel) : any_matches(user.channels, channel);
  });
}

}  // namespace

Users::Users(const std::vector<User>& users) {
  set(User{});
  for (const User& user : users) set(user);
}

void Users::set(const User& user) { users_.insert_or_assign(user.name, user); }

void Users::erase(std::string_view name) {
  if (const auto found = users_.find(name); found != users_.end()) users_.erase(found);
}

const User* Users::authenticate(std::string_view name, std::string_view password) const {
  const auto found = users_.find(name);
  if (found == users_.end() || found->second.state == User::State::disabled) return nullptr;
  const User& user = found->second;
  const bool right =
      !user.password || *user.password == password || contains(user.other_passwords, password);
  return right ? &user : nullptr;
}

Trust Users::trust_at_first() const {
  const User& user = default_user();
  const bool open = !user.password && user.state == User::State::enabled;
  return open ? Trust::authenticated : Trust::unauthenticated;
}

Permission permission(const User& user, const Command& command, Arguments arguments) {
  if (!command.has(flag_no_auth) && is_denied(user, command.name)) return Permission::no_command;
  if (!all_keys_permitted(user, command, arguments)) return Permission::no_key;
  if (!all_channels_permitted(user, command, arguments)) return Permission::no_channel;
  return Permission::granted;
}

std::string refusal_text(Permission permission, const User& user, const Command& command) {
  switch (permission) {
    case Permission::granted: break;
    case Permission::no_command:
      return "-NOPERM User " + user.name + " has no permissions to run the '" +
             std::string(command.name) + "' command";
    case Permission::no_key: return "-NOPERM No permissions to access a key";
    case Permission::no_channel: return "-NOPERM No permissions to access a channel";
  }
  return {};
}

std::string refusal_text_in_exec(Permission permission) {
  std::string text =
      "-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC "
      "call. This command is no longer allowed for the following reason: ";
  switch (permission) {
    case Permission::granted: break;
    case Permission::no_command:
      text += "no permission to execute the command or subcommand";
      break;
    case Permission::no_key: text += "no permission to touch the specified keys"; break;
    case Permission::no_channel:
      text += "no permission to access one of the channels used as arguments";
      break;
  }
  return text;
}

}  // namespace plimsoll::sim::model
