#include "plimsoll/bench/machine.h"

#include <sched.h>
#include <sys/utsname.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

namespace plimsoll::bench {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

// "6.1" of "6.1.0-28-amd64".
std::string version_of(const std::string& release) {
  const std::size_t minor = release.find('.') + 1;
  return release.substr(0, release.find_first_not_of("0123456789", minor));
}

}  // namespace

std::string machine_description() {
  utsname system{};
  uname(&system);
  double load = 0;
  getloadavg(&load, 1);
  char text[256];
  std::snprintf(text, sizeof text, "%s, %u cores, %s %s, load %.2f", processor_name().c_str(),
                std::thread::hardware_concurrency(), system.sysname,
                version_of(system.release).c_str(), load);
  std::string description = text;
#ifndef __OPTIMIZE__
  description += ", NOT OPTIMISED";
#endif
  return description;
}

void pin(pid_t process, int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  std::error_code gone;
  const auto threads = "/proc/" + std::to_string(process) + "/task";
  for (const auto& thread : std::filesystem::directory_iterator(threads, gone)) {
    const auto id = static_cast<pid_t>(std::atol(thread.path().filename().c_str()));
    if (sched_setaffinity(id, sizeof set, &set) != 0) {
      std::fprintf(stderr, "cannot pin thread %d to core %d: %s\n", id, core, std::strerror(errno));
    }
  }
}

Cores choose_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return {0, 0};
  int first = -1;
  int last = 0;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &set)) continue;
    if (first < 0) first = core;
    last = core;
  }
  return {first < 0 ? 0 : first, last};
}

}  // namespace plimsoll::bench
