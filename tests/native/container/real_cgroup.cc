#include "plimsoll/tests/native/container/real_cgroup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include "plimsoll/native/container/values.h"

namespace plimsoll::testing {
namespace {

using native::container::CgroupVersion;

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

std::string name_of_mine() {
  static int count = 0;
  return "plimsoll-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

}  // namespace

RealCgroup::RealCgroup(std::uint64_t limit) {
  const auto location =
      native::container::locate(text_of("/proc/self/cgroup"), text_of("/proc/self/mountinfo"));
  version_ = location.version;
  problem_ = location.problem.empty() ? "no cgroup of this process is known" : location.problem;
  for (const std::string& parent : location.directories) {
    if (make_below(parent, limit)) return;
  }
}

bool RealCgroup::make_below(const std::string& parent, std::uint64_t limit) {
  const std::string directory = parent + "/" + name_of_mine();
  if (::mkdir(directory.c_str(), 0755) != 0) {
    problem_ = "mkdir " + directory + ": " + std::generic_category().message(errno);
    return false;
  }
  directory_ = directory;
  // Without the controller there is no such file.
  if (set_limit(limit)) return true;
  problem_ = directory + " cannot be limited";
  ::rmdir(directory.c_str());
  directory_.clear();
  return false;
}

RealCgroup::~RealCgroup() {
  // A process that was killed leaves it a little later than it is gone for its parent.
  for (int i = 0; i < 1000 && exists(); ++i) {
    if (::rmdir(directory_.c_str()) == 0 || errno == ENOENT) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::string RealCgroup::file(const char* of_v1, const char* of_v2) const {
  return directory_ + "/" + (version_ == CgroupVersion::v1 ? of_v1 : of_v2);
}

bool RealCgroup::set_limit(std::uint64_t bytes) const {
  // Without swap, which would only put the end off.
  write(file("memory.swappiness", "memory.swap.max"), "0");
  return write(file("memory.limit_in_bytes", "memory.max"), std::to_string(bytes));
}

std::uint64_t RealCgroup::usage() const {
  return native::container::parse_number(text_of(file("memory.usage_in_bytes", "memory.current")))
      .value_or(0);
}

std::uint64_t RealCgroup::kills() const {
  return native::container::find_number(text_of(file("memory.oom_control", "memory.events")),
                                        "oom_kill")
      .value_or(0);
}

}  // namespace plimsoll::testing
