#pragma once

#include "plimsoll/native/bridge/config/command_line.h"
#include "plimsoll/native/bridge/config/config_file.h"
#include "plimsoll/native/bridge/config/problems.h"

namespace plimsoll::bridge {

/// A configuration as far as it could be read, and all problems with it, in sentences for the
/// person who starts the bridge. It is usable only if there are none.
struct ReadConfig {
  ConfigDraft draft;
  Problems problems;
  /// Whether a running bridge may take the tokens and keys: there was no problem, except perhaps
  /// that there are none, because the last one was withdrawn.
  bool has_usable_tokens = false;
};

/// Reads the files that `line` names, lets its options override them, and checks the whole, except
/// what only the start needs: check_start() does that.
///
/// --allow makes a profile "default", and --local makes "local". The profile "local" permits what
/// --allow says, or else everything except @dangerous and @admin, in databases 0 to 15, as the user
/// in the URL of the one --upstream.
ReadConfig read_config(const CommandLine& line);

}  // namespace plimsoll::bridge
