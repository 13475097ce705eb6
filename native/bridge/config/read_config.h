#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plimsoll/native/bridge/config/command_line.h"
#include "plimsoll/native/bridge/config/config.h"

namespace plimsoll::bridge {

/// A configuration, or the problems with it, in sentences for the person who starts the bridge.
struct ReadConfig {
  std::optional<Config> config;
  std::vector<std::string> problems;
};

/// Reads the files that `line` names, lets its options override them, and checks the whole.
///
/// --allow makes a profile "default", and --local makes "local". The profile "local" permits what
/// --allow says, or else everything except @dangerous and @admin, in databases 0 to 15, as the user
/// in the URL of the one --upstream.
ReadConfig read_config(const CommandLine& line);

}  // namespace plimsoll::bridge
