#include "plimsoll/tests/support/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace plimsoll::testing {
namespace {

// Between fork and exec of a process that may have threads: system calls only, no allocation.
[[noreturn]] void become(char* const* arguments, const char* log_path, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);  // it died before prctl() could take effect

  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  const int log = ::open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int input = ::open("/dev/null", O_RDONLY);
  if (log < 0 || input < 0) ::_exit(126);
  ::dup2(input, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);

  ::execvp(arguments[0], arguments);
  ::_exit(127);
}

// Waits for a change of state, also when signals interrupt the waiting.
int wait_for(pid_t pid, int options) {
  int status = 0;
  while (::waitpid(pid, &status, options) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command, const std::string& log_path) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));  // execvp does not write to them
  }
  arguments.push_back(nullptr);

  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(arguments.data(), log_path.c_str(), parent);
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
}

ChildProcess::~ChildProcess() { kill(); }

bool ChildProcess::running() {
  if (running_ && ::waitpid(pid_, nullptr, WNOHANG) == pid_) running_ = false;
  return running_;
}

void ChildProcess::pause() {
  if (!running()) return;
  ::kill(pid_, SIGSTOP);
  if (!WIFSTOPPED(wait_for(pid_, WUNTRACED))) running_ = false;
}

void ChildProcess::resume() {
  if (running()) ::kill(pid_, SIGCONT);
}

void ChildProcess::kill() {
  if (!running()) return;
  ::kill(pid_, SIGKILL);
  wait_for(pid_, 0);
  running_ = false;
}

}  // namespace plimsoll::testing
