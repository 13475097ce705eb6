#include "plimsoll/bench/memory/process.h"

#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

// "VmRSS:     12345 kB"
std::size_t status_bytes(const std::string& label) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(label)) return std::stoul(line.substr(label.size())) * 1024;
  }
  fail("/proc/self/status has no", label);
}

}  // namespace

std::size_t rss_bytes() { return status_bytes("VmRSS:"); }

std::size_t peak_rss_bytes() { return status_bytes("VmHWM:"); }

std::size_t anonymous_rss_bytes() { return status_bytes("RssAnon:"); }

std::size_t file_rss_bytes() { return status_bytes("RssFile:"); }

// proc(5): 5 resets the peak.
void forget_peak_rss() { std::ofstream("/proc/self/clear_refs") << "5"; }

std::size_t threads_count() {
  using Tasks = std::filesystem::directory_iterator;
  return static_cast<std::size_t>(std::distance(Tasks("/proc/self/task"), Tasks()));
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace plimsoll::bench
