#include "server.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

Server::Server() : directory_("/tmp/plimsoll-consumer-XXXXXX") {
  if (::mkdtemp(directory_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "mkdtemp");
  }
  pid_ = ::fork();
  if (pid_ == -1) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::chdir(directory_.c_str()) == 0) {
      ::execlp("valkey-server", "valkey-server", "--port", "0", "--unixsocket", "socket", "--save",
               "", "--logfile", "log", nullptr);
    }
    ::_exit(127);
  }
}

Server::~Server() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}
