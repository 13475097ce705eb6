#pragma once

#include <string>
#include <string_view>

#include "plimsoll/native/config/draft.h"

namespace plimsoll::native::config {

/// What the file of this name says. What is wrong goes to the draft's problems.
void read_toml(std::string_view text, const std::string& file, Draft& draft);

}  // namespace plimsoll::native::config
