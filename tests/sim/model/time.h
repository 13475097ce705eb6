#pragma once

#include <compare>
#include <cstdint>

namespace plimsoll::sim::model {

/// Simulated time since the Unix epoch, as the server's clock shows it. The server is told it with
/// every call and never reads one.
struct Time {
  std::uint64_t nanoseconds = 0;

  std::int64_t milliseconds() const { return static_cast<std::int64_t>(nanoseconds / 1'000'000); }
  friend auto operator<=>(const Time&, const Time&) = default;
};

inline constexpr Time from_milliseconds(std::int64_t milliseconds) {
  return {static_cast<std::uint64_t>(milliseconds) * 1'000'000};
}

}  // namespace plimsoll::sim::model
