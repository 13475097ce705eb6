#pragma once

#include <chrono>
#include <cstdint>

// Whether a client is still there: decides when to ping a client that has sent nothing for a while,
// and when to give it up. A client that is not being read cannot be heard, so the time during which
// the relay does not read does not count. No I/O; time is an argument.

namespace plimsoll::bridge {

class Liveness {
 public:
  using Clock = std::chrono::steady_clock;

  /// A ping is due after each `ping_interval` without a sign of the client. After
  /// `pongs_missed_max` pings without one, the client counts as gone.
  Liveness(std::chrono::milliseconds ping_interval, std::uint32_t pongs_missed_max)
      : ping_interval_(ping_interval), pongs_missed_max_(pongs_missed_max) {}

  /// Something has arrived from the client: data, or a control frame.
  void handle_sign() { has_sign_ = true; }

  enum class Due : std::uint8_t { nothing, ping, end };

  /// What to do now. Call it several times in a ping_interval: that decides how exact it is.
  /// `is_listening`: the client is being read.
  Due check(Clock::time_point now, bool is_listening) {
    if (has_sign_ || !is_listening) {
      has_sign_ = false;
      pings_ = 0;
      since_ = now;
    }
    if (now - since_ < ping_interval_) return Due::nothing;
    since_ = now;
    return ++pings_ > pongs_missed_max_ ? Due::end : Due::ping;
  }

 private:
  const std::chrono::milliseconds ping_interval_;
  const std::uint32_t pongs_missed_max_;
  std::uint32_t pings_ = 0;  // unanswered ones
  Clock::time_point since_;
  bool has_sign_ = true;
};

}  // namespace plimsoll::bridge
