#include "plimsoll/tests/core/base/failed_check.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "plimsoll/core/base/check.h"

namespace plimsoll::testing {
namespace {

int out = -1;

void report(const char* condition, const char*, int) {
  const ssize_t written = ::write(out, condition, std::strlen(condition));
  ::_exit(written > 0 ? 1 : 2);
}

}  // namespace

std::string failed_check(const std::function<void()>& action) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
  std::fflush(nullptr);  // or the child has what is buffered, too
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child == 0) {
    out = ends[1];
    set_check_hook(&report);
    action();
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string condition;
  std::array<char, 256> buffer{};
  ssize_t size = ::read(ends[0], buffer.data(), buffer.size());
  while (size > 0) {
    condition.append(buffer.data(), static_cast<std::size_t>(size));
    size = ::read(ends[0], buffer.data(), buffer.size());
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return condition;
}

}  // namespace plimsoll::testing
