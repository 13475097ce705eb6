// Loads a bridge, and prints one JSON object: requests a second, how long they took, and the
// processor time of this process and of those that it is told to watch, in microseconds a request.
// bench/bridge/shared.mjs starts it.

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "plimsoll/bench/bridge/crowd.h"
#include "plimsoll/bench/cache/keys.h"
#include "plimsoll/bench/command_line.h"
#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

struct Options {
  CommonOptions common;
  std::uint16_t port = 0;
  std::string token;
  std::size_t sockets = 100;
  std::size_t keys = 10'000;
  std::size_t value_bytes = 100;
  std::size_t milliseconds = 3000;
  std::size_t rounds = 3;
  std::vector<std::string> watch;
};

// More than are asked for in a second.
constexpr std::size_t draws = 1 << 20;

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// utime and stime of proc(5): the 14th and the 15th field, of which the second ends with the last
// ')'.
double cpu_seconds_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) fail("the crowd watches a process that is gone:", pid);
  std::istringstream fields(text.substr(end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::vector<double> watched_seconds(const std::vector<std::string>& pids) {
  std::vector<double> seconds;
  for (const std::string& pid : pids) seconds.push_back(cpu_seconds_of(pid));
  return seconds;
}

double percentile(std::vector<std::uint32_t>& nanoseconds, double share) {
  if (nanoseconds.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(nanoseconds.size() - 1));
  std::nth_element(nanoseconds.begin(), nanoseconds.begin() + static_cast<std::ptrdiff_t>(at),
                   nanoseconds.end());
  return nanoseconds[at] * 1e-3;
}

void print(CrowdWork& work, double own_seconds, const std::vector<double>& watched) {
  const auto requests = static_cast<double>(work.requests);
  std::printf(
      "{\"kops\": %.3f, \"p50\": %.1f, \"p99\": %.1f, \"own_cpu\": %.3f, \"busy\": %.3f, \"cpu\": "
      "[",
      requests / work.seconds / 1000, percentile(work.nanoseconds, 0.5),
      percentile(work.nanoseconds, 0.99), own_seconds * 1e6 / requests, own_seconds / work.seconds);
  for (std::size_t i = 0; i < watched.size(); ++i) {
    std::printf("%s%.3f", i == 0 ? "" : ", ", watched[i] * 1e6 / requests);
  }
  std::printf("]}\n");
  std::fflush(stdout);
}

void run(const Options& options) {
  std::vector<std::string> keys;
  for (std::uint32_t i = 0; i < options.keys; ++i) keys.push_back(key_text(i));
  const auto drawn = draw_keys(Popularity::zipf, options.keys, draws);
  Crowd crowd({.port = options.port, .token = options.token}, options.sockets);
  crowd.fill(keys, options.value_bytes);
  const std::chrono::duration<double> time = std::chrono::milliseconds(options.milliseconds);
  crowd.run(keys, drawn, options.value_bytes, time);  // warms up
  for (std::size_t round = 0; round < options.rounds; ++round) {
    const double own = own_cpu_seconds();
    std::vector<double> watched = watched_seconds(options.watch);
    CrowdWork work = crowd.run(keys, drawn, options.value_bytes, time);
    const double own_spent = own_cpu_seconds() - own;
    const std::vector<double> after = watched_seconds(options.watch);
    for (std::size_t i = 0; i < watched.size(); ++i) watched[i] = after[i] - watched[i];
    print(work, own_spent, watched);
  }
}

int run_crowd(int argc, char** argv) {
  Options options;
  CommandLine line("a crowd of WebSockets at a bridge, for bench/bridge/shared.mjs",
                   options.common);
  line.add("--port", options.port, "where the bridge listens, on loopback");
  line.add("--token", options.token, "of the bridge's");
  line.add("--sockets", options.sockets, "WebSockets, each with one request at a time").positive();
  line.add("--keys", options.keys, "keys, asked for by Zipf's law").positive();
  line.add("--value-bytes", options.value_bytes, "of each key").positive();
  line.add("--milliseconds", options.milliseconds, "of a round").positive();
  line.add("--rounds", options.rounds, "after one that warms up").positive();
  line.add("--watch", options.watch, "ids of processes whose processor time is told");
  if (const auto status = line.parse(argc, argv)) return *status;
  if (options.common.quick) options.milliseconds = 200;
  run(options);
  return 0;
}

}  // namespace
}  // namespace plimsoll::bench

int main(int argc, char** argv) { return plimsoll::bench::run_crowd(argc, argv); }
