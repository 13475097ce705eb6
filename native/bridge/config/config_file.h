#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/native/bridge/config/config.h"
#include "plimsoll/native/config/text/problems.h"

// The configuration file: TOML 1.0.

namespace plimsoll::bridge {

using native::config::Problems;

/// What a file says, before the command line overrides parts of it and the whole is checked.
struct ConfigDraft {
  Config config;
  std::string tokens_file;  ///< empty: none
  /// For each profile, the place of its `upstream`, for problems.
  std::vector<std::string> upstream_places;
};

/// Reads `text`, the contents of `file`. Paths in it are relative to the file's folder; files with
/// passwords and keys are read as well. Adds everything that is wrong to `problems`; if the text is
/// not TOML, only that.
ConfigDraft read_config_text(std::string_view text, const std::string& file, Problems& problems);

/// Reads `file`. A file that cannot be read is a problem, too.
ConfigDraft read_config_file(const std::string& file, Problems& problems);

/// The upstream at a URL. If the URL is invalid, or contains more than an address, `problem` says
/// so, without any part of the URL that could be a secret.
struct UpstreamUrl {
  Upstream upstream;
  std::string username;  ///< as in the URL
  std::string password;
  std::string problem;
};
UpstreamUrl parse_upstream_url(std::string name, const std::string& url);

/// Whether `text` is an origin as browsers spell it: scheme, host and maybe a port, in lower case.
bool is_origin(std::string_view text);

}  // namespace plimsoll::bridge
