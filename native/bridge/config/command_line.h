#pragma once

#include <optional>
#include <string>
#include <vector>

// The bridge's command line.

namespace plimsoll::bridge {

struct CommandLine {
  std::string config_file;
  std::vector<std::string> listen;     ///< instead of the file's
  std::vector<std::string> upstreams;  ///< "[NAME=]URL", beside the file's, or instead of NAME
  std::vector<std::string> allow;      ///< what the profile of the command line may do
  std::vector<std::string> origins;    ///< beside the file's
  std::string metrics;                 ///< instead of the file's
  std::string pages;                   ///< instead of the file's
  std::string tokens_file;             ///< instead of the file's
  bool local = false;
  bool check = false;  ///< say whether it could start, and end
  /// For whom to make a token, and nothing else.
  std::optional<std::string> make_token;
};

/// What main() is to do: go on, or end with a status because everything has been said.
struct Invocation {
  std::optional<CommandLine> command_line;
  int exit_status = 0;
};

/// Prints help, or what is wrong, without the arguments' values: one may be a secret.
Invocation parse_command_line(int argument_count, const char* const* arguments);

}  // namespace plimsoll::bridge
