#pragma once

#include <string>
#include <vector>

#include "plimsoll/native/config/draft.h"

namespace plimsoll::native::config {

/// Reads the secrets that are in files of their own. Of a secret and its file the one that was said
/// later wins; both in one place are a problem, and so is a file that cannot be read.
void read_secret_files(Draft& draft);

/// Those that a configuration names.
std::vector<std::string> secret_files_of(const Configuration& configuration);

}  // namespace plimsoll::native::config
