#pragma once

#include <chrono>
#include <cstdint>

// Whether a client is still there: it is asked by pings when nothing has come of it for a while. In
// time while somebody listens, that is: what it says while it is not read is not heard.

namespace plimsoll::bridge {

class Liveness {
 public:
  using Clock = std::chrono::steady_clock;

  /// A ping is due when nothing came for `ping_interval`, and again as long after it; it is gone if
  /// as many as `pongs_missed_max` were not answered in time.
  Liveness(std::chrono::milliseconds ping_interval, std::uint32_t pongs_missed_max)
      : ping_interval_(ping_interval), pongs_missed_max_(pongs_missed_max) {}

  /// Anything has come.
  void handle_sign() { has_sign_ = true; }

  enum class Due : std::uint8_t { nothing, ping, end };

  /// What is to be done. To be asked several times in a ping_interval, which is as exact as it is;
  /// `is_listening`: it could have been heard since it was asked last.
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
  std::uint32_t pings_ = 0;  // that were not answered
  Clock::time_point since_;
  bool has_sign_ = true;
};

}  // namespace plimsoll::bridge
