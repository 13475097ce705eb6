#pragma once

#include <functional>
#include <string>

namespace plimsoll::testing {

/// Runs `action` in a child process, and returns the condition of the CHECK that failed there, or
/// "" where none did.
std::string failed_check(const std::function<void()>& action);

}  // namespace plimsoll::testing
