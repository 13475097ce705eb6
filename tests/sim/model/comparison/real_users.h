#pragma once

#include <vector>

#include "plimsoll/tests/sim/model/options.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::sim::model {

/// The default user as it is given, and others, each of whom may do less.
std::vector<User> users_with(const User& default_user);

/// Makes a real server know the users. Once the default user has a password, nobody else can be
/// made known.
void set_users(const plimsoll::testing::ValkeyServer& server, const std::vector<User>& users);

}  // namespace plimsoll::sim::model
