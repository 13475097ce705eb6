#pragma once

#include <string>
#include <vector>

#include "plimsoll/native/config/draft.h"

namespace plimsoll::inline v0::native::config {

/// Reads secrets from files of their own. If a secret and its file are both given, the later layer
/// wins; if both are in the same layer that is a problem, and so is a file that cannot be read.
void read_secret_files(Draft& draft);

/// The files with secrets that a configuration names.
std::vector<std::string> secret_files_of(const Configuration& configuration);

}  // namespace plimsoll::inline v0::native::config
