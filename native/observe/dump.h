#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <csignal>
#include <cstddef>
#include <functional>
#include <string>

#include "plimsoll/result.h"

// Everything that the library knows about itself, as text for people: for a process that is in
// trouble, or whose metrics are not collected.
//
//   plimsoll::native::DumpOptions options;
//   options.path = "/var/log/orders.plimsoll";
//   plimsoll::native::dump_on_signal(options).value();
//
// kill -USR1 PID

namespace plimsoll::inline v0::native {

/// The most lines of accounts, of clients and of caches. The dump says how many more there are.
inline constexpr std::size_t dump_lines_max = 1000;

/// The largest dump. A longer one is cut off, and its last line says so.
inline constexpr std::size_t dump_bytes_max = std::size_t{1} << 20;

/// Returns the effective configuration as text. It is called in the thread of Runtime::upkeep(), or
/// in the thread that calls dump_text(). It must not make a dump itself.
using DescribeConfiguration = std::function<std::string()>;

/// Returns the dump: the configuration, as `describe` returns it; the memory limit, its pools and
/// accounts; clients with their servers, states, counters and last problems; caches. Apart from
/// what `describe` returns, it contains no passwords, tokens, keys or values.
std::string dump_text(const DescribeConfiguration& describe = {});

/// Which signal makes a dump, and where the dump goes.
struct DumpOptions {
  /// SIGUSR1, SIGUSR2, SIGHUP, SIGWINCH or a real-time signal.
  int signal = SIGUSR1;

  /// The file that dumps are appended to, created with mode 0600. It is opened for each dump, so it
  /// may be moved away in between. Empty: standard error.
  std::string path;

  DescribeConfiguration configuration;
};

/// From now on each signal makes a dump, written in the thread of Runtime::upkeep(): the signal
/// handler only wakes that thread. Signals that arrive during a dump cause one more. Another call
/// changes the options. A child of fork() ignores the signal until it calls this function itself.
/// May be called from any thread.
///
/// invalid_option: the program already has a handler for the signal, which stays in place; the
/// signal is not one of those above; or the file cannot be opened.
Result<void> dump_on_signal(const DumpOptions& options = {});

/// Removes the handler, if it is still in place.
void stop_dumping_on_signal();

}  // namespace plimsoll::inline v0::native
