#pragma once

#include "plimsoll/configuration.h"

namespace plimsoll::native::config {

/// load_configuration(), without a word to the log.
Result<Configuration> read_configuration(const LoadOptions& options);

/// To the log.
void tell_warnings(const Configuration& configuration);

/// The file that these name, if any.
std::string file_of(const LoadOptions& options);

/// Options with an environment that stays as it is now: getenv() and its kind are not for threads.
LoadOptions with_environment(LoadOptions options);

}  // namespace plimsoll::native::config
