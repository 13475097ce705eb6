#pragma once

// The part that all clients of ./dev bench compared share: a process takes a line for each burst,
// and says how it ended. Includes neither the library nor a peer, since one worker is compiled
// against another Boost.

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>

namespace plimsoll::bench {

/// How a burst ended. `refused` counts how often the client had no room for a request, which the
/// worker makes again once another has been answered. Any other failure ends the process.
struct BurstOutcome {
  std::size_t answered = 0;
  std::size_t refused = 0;
};

inline constexpr int burst_keys_count = 1000;

inline std::string burst_key(std::size_t number) {
  return "burst:" + std::to_string(number % burst_keys_count);
}

/// Each value is a string of its own, as in a program that has something to say.
inline std::string burst_value(std::size_t number, std::size_t bytes) {
  std::string value = std::to_string(number);
  value.resize(bytes, 'v');
  return value;
}

/// Ends the process: half a comparison is none.
[[noreturn]] inline void fail_worker(const std::string& why) {
  std::cerr << why << "\n";
  std::exit(2);
}

/// Says "ready VERSION", and then for each line "burst REQUESTS BYTES" of standard input
/// "done ANSWERED REFUSED", until the input ends. `burst` makes all requests at once, SETs of so
/// many bytes, and returns when all are answered.
inline void serve_bursts(const std::string& version,
                         const std::function<BurstOutcome(std::size_t, std::size_t)>& burst) {
  std::cout << "ready " << version << std::endl;
  std::string word;
  std::size_t requests = 0;
  std::size_t bytes = 0;
  while (std::cin >> word >> requests >> bytes) {
    if (word != "burst") fail_worker("expected burst REQUESTS BYTES, got " + word);
    const BurstOutcome outcome = burst(requests, bytes);
    std::cout << "done " << outcome.answered << " " << outcome.refused << std::endl;
  }
}

}  // namespace plimsoll::bench
