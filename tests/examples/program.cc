#include "plimsoll/tests/examples/program.h"

#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace plimsoll::testing {
namespace {

constexpr int attempts_max = 5;

bool was_too_slow(const Ending& ending) {
  return ending.status != 0 && ending.output.find("timed_out") != std::string::npos;
}

}  // namespace

// Tests pass names of their own, with nothing in them that a shell would read otherwise.
Ending run_program(const std::string& path, const std::string& url) {
  std::FILE* const pipe = ::popen((path + " " + url + " 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::system_error(errno, std::generic_category(), "popen");
  Ending ending;
  std::array<char, 4096> buffer;
  while (const std::size_t bytes = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    ending.output.append(buffer.data(), bytes);
  }
  const int status = ::pclose(pipe);
  ending.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ending;
}

Ending run_program(const std::string& path, const ValkeyServer& server) {
  Ending ending;
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    server.ask("FLUSHALL");
    ending = run_program(path, server.url());
    if (!was_too_slow(ending)) break;
  }
  return ending;
}

}  // namespace plimsoll::testing
