#pragma once

#include <string>

#include "plimsoll/native/bridge/config.h"
#include "plimsoll/native/bridge/config_table.h"

// The parts of a configuration's file that come more than once. `folder` is where the files lie
// that they name.

namespace plimsoll::bridge {

/// [upstreams.NAME]
void read_upstreams(ConfigTable& root, const std::string& folder, Config& config);
/// [profiles.NAME]
void read_profiles(ConfigTable& root, const std::string& folder, Config& config);
/// [[jwt_keys]]
void read_jwt_keys(ConfigTable& root, const std::string& folder, Config& config);

}  // namespace plimsoll::bridge
