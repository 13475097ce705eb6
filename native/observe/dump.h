#pragma once

#include <csignal>
#include <cstddef>
#include <functional>
#include <string>

#include "plimsoll/result.h"

// Everything that the library knows about itself, for people: of a process that is in trouble, or
// from which no figures are collected.
//
//   plimsoll::native::DumpOptions options;
//   options.path = "/var/log/orders.plimsoll";
//   plimsoll::native::dump_on_signal(options).value();
//
// kill -USR1 PID

namespace plimsoll::native {

/// Lines of accounts, of clients and of caches; how many more there are is said instead.
inline constexpr std::size_t dump_lines_max = 1000;

/// Of a whole dump; what is more is cut off, and the last line says so.
inline constexpr std::size_t dump_bytes_max = std::size_t{1} << 20;

/// The effective configuration as text. Called in the thread of Runtime::upkeep(), or of whoever
/// calls dump_text(); may not dump.
using DescribeConfiguration = std::function<std::string()>;

/// The configuration, as `describe` has it; the memory line, its pools and accounts; clients, with
/// the servers that they are of, their state, their counters and their last problems; caches. There
/// are no passwords or tokens in it, nor keys or values, but for what `describe` says.
std::string dump_text(const DescribeConfiguration& describe = {});

struct DumpOptions {
  /// SIGUSR1, SIGUSR2, SIGHUP, SIGWINCH or a real-time signal.
  int signal = SIGUSR1;

  /// A file that dumps are appended to, made with mode 0600; it is opened anew for each, so it may
  /// be moved away. Empty: standard error.
  std::string path;

  DescribeConfiguration configuration;
};

/// Whenever the process gets the signal, dumps in the thread of Runtime::upkeep(): signals that
/// come meanwhile make one more dump. The handler only wakes that thread. Calling it again changes
/// how; a child of fork() ignores the signal until it calls this itself. From any thread.
///
/// invalid_option: the program has a handler for the signal already, which stays; the signal is
/// none of these; the file cannot be opened.
Result<void> dump_on_signal(const DumpOptions& options = {});

/// Takes the handler away again, if it is still in place.
void stop_dumping_on_signal();

}  // namespace plimsoll::native
