#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace plimsoll::testing {

/// A program that runs beside this process and never outlives it.
///
/// The kernel kills it when the thread that started it ends, however that happens (Ctrl-C, a
/// crash, SIGKILL): start it from a thread that lives as long as the program should, such as
/// main's. It inherits no file descriptor but the standard ones, so it cannot keep a connection
/// open that this process has closed.
class ChildProcess {
 public:
  /// Starts `command[0]`, found in PATH, with both outputs appended to the file `log_path`.
  /// A program that cannot be run ends at once with status 127. Throws std::system_error if there
  /// is no new process to be had.
  ChildProcess(const std::vector<std::string>& command, const std::string& log_path);

  /// Kills the program.
  ~ChildProcess();

  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Whether the program has not ended yet; a paused one has not.
  bool running();

  /// Stops the program (SIGSTOP); returns when it stands still. It still has its sockets: to a
  /// peer this is a machine that went silent.
  void pause();
  void resume();

  /// Ends the program without a warning (SIGKILL), and returns when it is gone.
  void kill();

  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  bool running_ = true;
};

}  // namespace plimsoll::testing
