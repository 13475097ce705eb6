#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/model/command.h"
#include "plimsoll/tests/sim/model/options.h"

namespace plimsoll::sim::model {

/// Who may do what. Users stay where they are for as long as they exist.
class Users {
 public:
  explicit Users(const std::vector<User>& users);

  const User& default_user() const { return users_.find("default")->second; }

  /// Adds a user, or changes one, also for the connections that are this user already.
  void set(const User& user);
  void erase(std::string_view name);

  /// Null if there is no such user, if it is disabled, or if the password is wrong.
  const User* authenticate(std::string_view name, std::string_view password) const;

  /// Whether a new connection is the default user without further ado.
  Trust trust_at_first() const;

 private:
  std::map<std::string, User, std::less<>> users_;
};

enum class Permission { granted, no_command, no_key, no_channel };
Permission permission(const User& user, const Command& command, Arguments arguments);

/// The error in place of the reply, such as "-NOPERM No permissions to access a key".
std::string refusal_text(Permission permission, const User& user, const Command& command);

/// EXEC's error in place of the reply of a command that was queued when it was still permitted.
std::string refusal_text_in_exec(Permission permission);

}  // namespace plimsoll::sim::model
