// plimsoll-bridge: see docs/bridge.md.

#include <signal.h>
#include <unistd.h>

#include <exception>
#include <iostream>
#include <ostream>

#include "plimsoll/native/bridge/config/read_config.h"
#include "plimsoll/native/bridge/event_log.h"
#include "plimsoll/native/bridge/held_signals.h"
#include "plimsoll/native/bridge/log_output.h"
#include "plimsoll/native/bridge/program.h"
#include "plimsoll/native/bridge/standard_streams.h"
#include "plimsoll/native/bridge/tokens/static_token.h"

int main(int argument_count, char** arguments) {
  using namespace plimsoll::bridge;
  open_standard_streams();
  HeldSignals held;
  // The reader of stdout or stderr may end before the bridge does.
  ::signal(SIGPIPE, SIG_IGN);
  LogOutput errors(STDERR_FILENO);
  std::ostream error_lines(&errors);
  EventLog log(error_lines, LogFormat::text);
  try {
    const Invocation invocation = parse_command_line(argument_count, arguments);
    if (!invocation.command_line) return invocation.exit_status;
    if (const auto& profile = invocation.command_line->make_token) {
      const FreshToken fresh = make_token(*profile);
      std::cout << "token: " << fresh.token
                << "\nline for the tokens file: " << static_token_line(fresh.entry) << '\n';
      return 0;
    }
    const auto read_again = [&] { return read_config(*invocation.command_line); };
    return invocation.command_line->check ? check(read_again(), log)
                                          : run(read_again(), read_again, errors, log, held);
  } catch (const std::exception& error) {
    log.write(plimsoll::native::Severity::error, "start_failed", error.what());
    return 1;
  }
}
