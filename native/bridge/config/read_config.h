#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plimsoll/native/bridge/config/command_line.h"
#include "plimsoll/native/bridge/config/config.h"

namespace plimsoll::bridge {

/// A configuration, or why there is none: sentences for whoever started the bridge.
struct ReadConfig {
  std::optional<Config> config;
  std::vector<std::string> problems;
};

/// Reads the files that `line` names, lets its options override them, and checks the whole.
///
/// The profile of the command line is made for --allow ("default") or --local ("local"); that of
/// --local may do all but what is @dangerous or @admin unless --allow says what, in databases 0 to
/// 15, and is whoever the address of the one --upstream says.
ReadConfig read_config(const CommandLine& line);

}  // namespace plimsoll::bridge
