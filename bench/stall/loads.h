#pragma once

// The same load for our client and for hiredis: SETs at a fixed pace, whether or not the server
// answers. Each function runs the load on the calling thread, and returns when `seconds` are over.

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace plimsoll::bench {

inline constexpr std::size_t stall_value_bytes = 4096;
inline constexpr int stall_sets_per_tick = 50;
inline constexpr std::chrono::milliseconds stall_tick{10};
inline constexpr int stall_ticks_per_look = 10;

/// How the SETs ended. Those that were still under way at the end are in none but `asked`.
struct StallTally {
  std::size_t asked = 0;
  std::size_t answered = 0;
  std::size_t rejected = 0;  ///< by a limit of the client, before the request was sent
  std::size_t failed = 0;    ///< in any other way
};

/// Called ten times a second on the load's thread, with the bytes that the client says it holds.
using StallLook = std::function<void(std::size_t used)>;

/// `memory_limit` is the process's memory line. Only the line bounds the client: the limit on
/// requests in flight is lifted, no request times out, and the silent connection is kept.
StallTally run_plimsoll_stall(const std::string& socket_path, const std::string& memory_limit,
                              std::chrono::duration<double> seconds, const StallLook& look);

/// hiredis does not say what it holds: `look` gets 0.
StallTally run_hiredis_stall(const std::string& socket_path, std::chrono::duration<double> seconds,
                             const StallLook& look);

}  // namespace plimsoll::bench
