#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <exception>

namespace plimsoll::testing {

/// Runs `program` in a child of this process; whether it returned true there.
template <class Program>
bool in_child(Program program) {
  const pid_t child = ::fork();
  if (child == 0) {
    bool good = false;
    try {
      good = program();
    } catch (const std::exception&) {
    }
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace plimsoll::testing
