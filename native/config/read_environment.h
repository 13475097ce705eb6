#pragma once

#include <string>
#include <vector>

#include "plimsoll/native/config/draft.h"

namespace plimsoll::native::config {

/// The process's own, as "NAME=VALUE".
std::vector<std::string> process_environment();

/// The value of a variable that is set and not empty.
std::string variable(const std::vector<std::string>& environment, const std::string& name);

/// What the environment says, and warnings of what looks as if it wanted to.
void read_environment(const std::vector<std::string>& environment, Draft& draft);

}  // namespace plimsoll::native::config
