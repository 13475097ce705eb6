#pragma once

#include <string>
#include <vector>

#include "plimsoll/native/config/draft.h"

namespace plimsoll::inline v0::native::config {

/// The process's environment, as "NAME=VALUE".
std::vector<std::string> process_environment();

/// The value of a variable; empty if it is not set.
std::string variable(const std::vector<std::string>& environment, const std::string& name);

/// Reads options from the environment into `draft`. Variables that look like misspelled options
/// become warnings.
void read_environment(const std::vector<std::string>& environment, Draft& draft);

}  // namespace plimsoll::inline v0::native::config
