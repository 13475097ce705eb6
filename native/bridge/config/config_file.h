#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/native/bridge/config/config.h"
#include "plimsoll/native/config/text/problems.h"

// The configuration's file: TOML 1.0.

namespace plimsoll::bridge {

using native::config::Problems;

/// What a file says, before the command line has its say and the whole is checked.
struct ConfigDraft {
  Config config;
  std::string tokens_file;  ///< empty: none
  /// Where each profile names its upstream, for problems.
  std::vector<std::string> upstream_places;
};

/// Reads `text`, which is what the file of this name says. The files that it names lie relative to
/// its own folder; those of passwords and keys are read. What is wrong is added to `problems`, all
/// of it, except where the text is no TOML: then that alone.
ConfigDraft read_config_text(std::string_view text, const std::string& file, Problems& problems);

/// The same of a file. One that cannot be read is a problem.
ConfigDraft read_config_file(const std::string& file, Problems& problems);

/// An upstream at `url`; nothing where that is no address, or says more than one: `problem` has it
/// then, without a part of the address that could be a secret.
struct UpstreamUrl {
  Upstream upstream;
  std::string username;  ///< as the address has them
  std::string password;
  std::string problem;
};
UpstreamUrl parse_upstream_url(std::string name, const std::string& url);

/// Lower-case scheme, host and maybe a port, as browsers spell it.
bool is_origin(std::string_view text);

}  // namespace plimsoll::bridge
