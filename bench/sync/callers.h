#pragma once

// Threads that block: each makes GETs of one key, one after the other.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::bench {

inline constexpr std::string_view sync_key = "key:__rand_int__";
inline constexpr std::size_t sync_value_bytes = 100;

/// What one thread calls. Connected when it is made.
class Caller {
 public:
  virtual ~Caller() = default;

  /// Makes `count` GETs, and checks the length of each reply. Ends the process on any failure.
  virtual void get(std::size_t count) = 0;
};

using Callers = std::vector<std::unique_ptr<Caller>>;

/// Callers that share one SyncClient.
Callers make_our_callers(std::uint16_t port, std::size_t count);

/// Callers that have a SyncClient each.
Callers make_our_own_callers(std::uint16_t port, std::size_t count);

/// Callers that share one asynchronous Client, and wait for a std::future each time.
Callers make_future_callers(std::uint16_t port, std::size_t count);

/// Callers with a connection each through hiredis' blocking API.
Callers make_hiredis_callers(std::uint16_t port, std::size_t count);

/// "ours", "ours-own", "ours-futures" or "hiredis".
Callers make_callers(const std::string& name, std::uint16_t port, std::size_t count);

}  // namespace plimsoll::bench
