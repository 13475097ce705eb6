#include "plimsoll/bench/pipeline/counters.h"

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "plimsoll/bench/program.h"
#include "plimsoll/bench/statistics.h"

namespace plimsoll::bench {
namespace {

// The shorter of the two runs: past this many GETs each further one costs the same.
constexpr std::size_t settled_count = 5'000;

std::string run_under(std::vector<std::string> tool, const Load& load, const Endpoint& endpoint,
                      std::size_t count) {
  tool.push_back(own_path());
  for (auto& argument : arguments_of(load, endpoint, count)) tool.push_back(std::move(argument));
  return run_program(tool);
}

// callgrind's last lines have "==123== Collected : 4567".
std::uint64_t callgrind_instructions(const Load& load, const Endpoint& endpoint,
                                     std::size_t count) {
  const auto text = run_under({"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"},
                              load, endpoint, count);
  const auto label = text.find("Collected : ");
  if (label == std::string::npos) fail("callgrind wrote what is not understood", text);
  return std::stoull(text.substr(label + 12));
}

// strace -c ends with "100.00    0.001    12    345    6 total", where errors (6) may be left out.
std::uint64_t strace_calls(const Load& load, const Endpoint& endpoint, std::size_t count) {
  const auto text = run_under({"strace", "-f", "-c"}, load, endpoint, count);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.ends_with(" total")) continue;
    std::istringstream columns(line);
    double percent = 0;
    double seconds = 0;
    double microseconds_per_call = 0;
    std::uint64_t calls = 0;
    if (columns >> percent >> seconds >> microseconds_per_call >> calls) return calls;
  }
  fail("strace wrote what is not understood", text);
}

template <typename Total>
double per_get(Total total, const Load& load, const Endpoint& endpoint, std::size_t count) {
  const auto fewer = total(load, endpoint, settled_count);
  const auto more = total(load, endpoint, settled_count + count);
  return per_operation(static_cast<double>(fewer), static_cast<double>(more), count);
}

}  // namespace

double instructions_per_get(const Load& load, const Endpoint& endpoint, std::size_t count) {
  return per_get(callgrind_instructions, load, endpoint, count);
}

double system_calls_per_get(const Load& load, const Endpoint& endpoint, std::size_t count) {
  return per_get(strace_calls, load, endpoint, count);
}

}  // namespace plimsoll::bench
