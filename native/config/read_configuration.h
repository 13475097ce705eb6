#pragma once

#include "plimsoll/configuration.h"

namespace plimsoll::inline v0::native::config {

/// Like load_configuration(), but logs nothing.
Result<Configuration> read_configuration(const LoadOptions& options);

/// Logs the warnings of `configuration`.
void log_warnings(const Configuration& configuration);

/// The file that `options` name, directly or by PLIMSOLL_CONFIG; empty: none.
std::string file_of(const LoadOptions& options);

/// Copies the process's environment into the options: getenv() is not safe while other threads
/// change the environment.
LoadOptions with_environment(LoadOptions options);

}  // namespace plimsoll::inline v0::native::config
