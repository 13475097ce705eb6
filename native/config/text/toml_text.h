#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <toml++/toml.h>

#include "plimsoll/native/config/text/problems.h"

// TOML 1.0, and how to speak of it without repeating what could be a secret.

namespace plimsoll::native::config {

/// `text` is what the file of this name says. Nothing where it is no TOML: `problems` has line,
/// column and reason then.
std::optional<toml::table> parse_toml(std::string_view text, const std::string& file,
                                      Problems& problems);

/// "an integer", "a table": for problems.
std::string_view type_name(const toml::node& node);

}  // namespace plimsoll::native::config
