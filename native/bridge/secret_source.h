#pragma once

#include <string>

#include "plimsoll/native/result.h"

// Where passwords come from besides the configuration's text and files of their own.

namespace plimsoll::bridge {

/// Of an environment variable, which must not be empty. Errors name it.
native::Result<std::string> read_secret_variable(const std::string& name);

}  // namespace plimsoll::bridge
