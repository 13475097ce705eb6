#pragma once

#include <optional>
#include <string>
#include <vector>

// The bridge's command line.

namespace plimsoll::bridge {

struct CommandLine {
  std::string config_file;
  std::vector<std::string> listen;     ///< replaces the file's
  std::vector<std::string> upstreams;  ///< "[NAME=]URL"; adds to the file's, or replaces NAME
  std::vector<std::string> allow;      ///< rules of the command line's profile
  std::vector<std::string> origins;    ///< adds to the file's
  std::string metrics;                 ///< replaces the file's
  std::string pages;                   ///< replaces the file's
  std::string tokens_file;             ///< replaces the file's
  bool local = false;
  bool check = false;  ///< only report whether the bridge could start
  /// Only make a token, for this profile.
  std::optional<std::string> make_token;
};

/// What main() does next: continue with `command_line`, or exit with `exit_status`.
struct Invocation {
  std::optional<CommandLine> command_line;
  int exit_status = 0;
};

/// Parses the command line; prints help, the version, or what is wrong. Never prints an argument's
/// value, since it may be a secret.
Invocation parse_command_line(int argument_count, const char* const* arguments);

}  // namespace plimsoll::bridge
