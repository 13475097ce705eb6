#pragma once

#include <string>

#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing {

/// How a program ended, and what it wrote to both outputs.
struct Ending {
  int status = 0;
  std::string output;
};

/// Runs the program at `path` to its end, with `url` as its argument.
Ending run_program(const std::string& path, const std::string& url);

/// The same on `server`, emptied first.
///
/// Programs for readers do with the client's own limit for a request, 250 ms. On a machine that is
/// busy with something else that may be too short, which says nothing about the program: if it
/// fails with timed_out, it is run again, five times at most.
Ending run_program(const std::string& path, const ValkeyServer& server);

}  // namespace plimsoll::testing
