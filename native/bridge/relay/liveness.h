#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

// Decides when to ping a client that has sent nothing for a while, and when to give the client up.
// The time during which the relay does not read the client does not count, because signs of life
// would go unnoticed. But if a client goes then, the end of its connection lies behind bytes that
// are not read, and only its system can tell: by refusing what is sent to it. So the client gets a
// ping now and then. No I/O; time is an argument.

namespace plimsoll::bridge {

class Liveness {
 public:
  using Clock = std::chrono::steady_clock;

  /// A ping is due after each `ping_interval` without bytes from the client. After
  /// `pongs_missed_max` unanswered pings, the client counts as gone.
  Liveness(std::chrono::milliseconds ping_interval, std::uint32_t pongs_missed_max)
      : ping_interval_(ping_interval), pongs_missed_max_(pongs_missed_max) {}

  /// Something has arrived from the client: data, or a control frame.
  void handle_sign() { has_sign_ = true; }

  /// While the relay does not read the client.
  static constexpr std::chrono::milliseconds unread_ping_interval{500};

  enum class Due : std::uint8_t { nothing, ping, end };

  /// Returns what to do now. Call this several times in a ping_interval; the more often, the more
  /// exact are the pings. `is_listening`: the relay reads the client now.
  Due check(Clock::time_point now, bool is_listening) {
    const bool has_sign = std::exchange(has_sign_, false);
    if (has_sign || !is_listening) {
      pings_ = 0;
      since_ = now;
    }
    if (!is_listening) {
      if (has_sign || now - unread_ping_at_ < unread_ping_interval) return Due::nothing;
      unread_ping_at_ = now;
      return Due::ping;
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
  Clock::time_point unread_ping_at_;  // the last one while the relay did not read the client
  bool has_sign_ = true;
};

}  // namespace plimsoll::bridge
