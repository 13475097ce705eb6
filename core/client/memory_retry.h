#pragma once

#include <chrono>
#include <cstdint>

#include "plimsoll/core/base/time.h"

namespace plimsoll::inline v0 {

/// When to ask again for memory that was refused: after a while, or once the client has made
/// progress, which may have freed some. To ask at each event would take memory that others need. To
/// ask after a while alone is not enough: a PING might hold the memory each time that the while is
/// over, and the first waiter would starve.
class MemoryRetry {
 public:
  /// `progress`: a number that grows with all that may free memory.
  void note_refused(Instant now, std::uint64_t progress) {
    at_ = after(now, refusal_wait);
    progress_ = progress;
  }
  /// What is asked for next was not refused yet.
  void forget() { at_ = never; }
  void handle_timeout(Instant now) {
    if (now >= at_) forget();
  }

  bool is_waiting() const { return at_ != never; }
  bool is_too_soon(std::uint64_t progress) const { return is_waiting() && progress == progress_; }
  /// When to ask again if there is no progress; `never` if nothing is waited for.
  Instant at() const { return at_; }

 private:
  static constexpr Duration refusal_wait = std::chrono::milliseconds(20);

  Instant at_ = never;
  std::uint64_t progress_ = 0;  // when memory was refused
};

}  // namespace plimsoll::inline v0
