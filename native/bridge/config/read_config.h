#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plimsoll/native/bridge/config/command_line.h"
#include "plimsoll/native/bridge/config/config.h"

namespace plimsoll::bridge {

/// A configuration, or why there is none, in sentences for the person who starts the bridge.
struct ReadConfig {
  std::optional<Config> config;
  std::vector<std::string> problems;
};

/// Reads the files that `line` names, lets its options override them, and checks the whole.
///
/// --allow makes a profile "default", and --local makes "local". The profile "local" may do all
/// that is not @dangerous or @admin, or what --allow says, in databases 0 to 15, as the user in the
/// URL of the one --upstream.
ReadConfig read_config(const CommandLine& line);

}  // namespace plimsoll::bridge
