#include "plimsoll/tests/sim/model/comparison/real_users.h"

#include <string>

namespace plimsoll::sim::model {

std::vector<User> users_with(const User& default_user) {
  std::vector<User> all;
  all.push_back({.name = "noget", .password = "secret", .denied_commands = {"get", "subscribe"}});
  all.push_back({.name = "nocaching",
                 .password = "secret",
                 .denied_commands = {"client|caching", "hello", "multi"}});
  all.push_back(
      {.name = "notracking", .password = "secret", .denied_commands = {"client|tracking"}});
  all.push_back({.name = "limited",
                 .password = "secret",
                 .denied_commands = {"client"},
                 .keys = {"a*", "k"},
                 .channels = {"c*"}});
  all.push_back({.name = "disabled", .password = "secret", .state = User::State::disabled});
  all.push_back(default_user);
  return all;
}

void set_users(const plimsoll::testing::ValkeyServer& server, const std::vector<User>& users) {
  for (const User& user : users) {
    std::string rules = "ACL SETUSER " + user.name + " reset +@all";
    rules += user.state == User::State::enabled ? " on" : " off";
    rules += user.password ? " >" + *user.password : " nopass";
    for (const std::string& command : user.denied_commands) rules += " -" + command;
    for (const std::string& key : user.keys) rules += " ~" + key;
    for (const std::string& channel : user.channels) rules += " &" + channel;
    (void)server.ask(rules);
  }
}

}  // namespace plimsoll::sim::model
