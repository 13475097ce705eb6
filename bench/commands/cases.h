#pragma once

// The cases of the commands benchmark.

#include <cstddef>
#include <string>

#include "plimsoll/bench/pipeline/contender.h"
#include "plimsoll/bench/report.h"

namespace plimsoll::bench {

/// A server with a plain port and one for TLS, and who signed its certificate.
struct CommandsServer {
  Endpoint plain;
  Endpoint tls;
  std::string ca_file;
};

/// How long to look: rounds, in each of which contenders take turns, and what their numbers of
/// requests are divided by.
struct CommandsEffort {
  int rounds;
  std::size_t divisor;
};
inline constexpr CommandsEffort full_commands_effort{.rounds = 15, .divisor = 1};
inline constexpr CommandsEffort quick_commands_effort{.rounds = 1, .divisor = 20};

/// CPU a request, 100 in flight, against hiredis on libev; and ours over TLS against ours without.
void add_work(const CommandsServer& server, const CommandsEffort& effort, Report& report);

/// CPU a message that is delivered to a subscriber, against hiredis on libev.
void add_messages(const CommandsServer& server, const CommandsEffort& effort, Report& report);

}  // namespace plimsoll::bench
