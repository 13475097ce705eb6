#pragma once

// The machine that a benchmark ran on, in one line, and the pinning that keeps its parts apart.

#include <sys/types.h>

#include <string>

namespace plimsoll::bench {

/// Processor, cores, kernel, load before the run, and whether this build was optimised.
std::string machine_description();

/// Keeps a process, with all threads that it has now and will start, on one core. Says so on
/// stderr, and goes on, where the system has no such core or does not allow it.
void pin(pid_t process, int core);

/// The core for the client, and the one for the server: the first and the last that are allowed.
/// They are the same on a machine with one core, where the figures mean little.
struct Cores {
  int client;
  int server;
};
Cores choose_cores();

}  // namespace plimsoll::bench
