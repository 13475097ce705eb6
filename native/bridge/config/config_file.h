#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/native/bridge/config/config.h"
#include "plimsoll/native/bridge/config/config_places.h"
#include "plimsoll/native/bridge/config/problems.h"

// The configuration file: TOML 1.0.

namespace plimsoll::bridge {

/// What a file says, before the command line overrides parts of it and the whole is checked. What
/// could not be read is missing in `config`, but `places` has
/// it.
struct ConfigDraft {
  Config config;
  std::string tokens_file;  ///< empty: none
  ConfigPlaces places;
  /// The place of each address in `config.listen`.
  std::vector<Place> listen_places;
  /// The names of all upstreams and profiles, also of those that could not be read.
  std::set<std::string, std::less<>> upstream_names;
  std::set<std::string, std::less<>> profile_names;
  /// Tables and keys whose problems were reported, and those that a misspelled key stands for. What
  /// they lack is not reported as missing.
  std::set<std::string, std::less<>> unclear;
  /// The file cannot be read, or is not TOML, so that nothing is known about its settings.
  bool is_unread = false;
  /// What is allowed, but probably not meant.
  Problems warnings;
};

/// So many addresses may be in `listen`.
inline constexpr std::size_t listen_max = 64;

/// The most that `threads` may be.
inline constexpr std::uint32_t threads_max = 32;

/// Reads `text`, the contents of `file`. Paths in it are relative to the file's folder; files with
/// passwords and keys are read as well. Adds everything that is wrong to `problems`; if the text is
/// not TOML, only that.
ConfigDraft read_config_text(std::string_view text, const std::string& file, Problems& problems);

/// Reads `file`. A file that cannot be read is a problem, too.
ConfigDraft read_config_file(const std::string& file, Problems& problems);

/// Whether `text` is an origin as browsers spell it: scheme, host and maybe a port, in lower case.
bool is_origin(std::string_view text);

}  // namespace plimsoll::bridge
