#pragma once

// Runs other programs: peers that are programs (valkey-benchmark) and tools that count what this
// process cannot count about itself (callgrind, strace).

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::bench {

/// Runs the program with the arguments that follow its name, and gives what it wrote to stdout and
/// stderr. It inherits the caller's pinning. Ends this process with that text if it fails.
std::string run_program(const std::vector<std::string>& command);

/// Whether a program of this name is on the PATH.
bool has_program(std::string_view name);

/// The path of the running binary, to run it again as a child.
std::string own_path();

/// Ends the process with status 2, saying what failed and why: half a benchmark is none.
[[noreturn]] void fail(std::string_view what, std::string_view why);

}  // namespace plimsoll::bench
