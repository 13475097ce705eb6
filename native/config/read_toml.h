#pragma once

#include <string>
#include <string_view>

#include "plimsoll/native/config/draft.h"

namespace plimsoll::inline v0::native::config {

/// Reads options, and their problems, from `text`, the contents of `file`, into `draft`.
void read_toml(std::string_view text, const std::string& file, Draft& draft);

}  // namespace plimsoll::inline v0::native::config
