#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <toml++/toml.h>

#include "plimsoll/native/config/text/problems.h"

// Parses TOML 1.0, with problems that never repeat what could be a secret.

namespace plimsoll::inline v0::native::config {

/// Parses `text`, the contents of `file`. Returns nothing if it is not TOML, and adds line, column
/// and reason to `problems`.
std::optional<toml::table> parse_toml(std::string_view text, const std::string& file,
                                      Problems& problems);

/// The type of `node`, for problems: "an integer", "a table".
std::string_view type_name(const toml::node& node);

}  // namespace plimsoll::inline v0::native::config
