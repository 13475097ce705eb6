#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/client/admission.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// The commands that wait for a connection to block on.
class ConnectionWaiters {
 public:
  ConnectionWaiters(Account& requests, std::size_t waiters_max)
      : waiters(requests, waiters_max, Admission::Of::connections) {}

  /// Whether the first waiter has been refused memory, and nothing has happened since that could
  /// have changed it. Progress of the main connection counts as well as time. With a coarse clock,
  /// a PING of the main connection may hold the memory each time that this asks again, and the
  /// first waiter would starve.
  bool is_too_soon(Instant now, std::uint64_t progress) const {
    return room_again_at != never && now < room_again_at && progress == refused_progress;
  }
  void note_no_memory(Instant now, std::uint64_t progress) {
    constexpr Duration memory_again_wait = std::chrono::milliseconds(20);
    room_again_at = after(now, memory_again_wait);
    refused_progress = progress;
  }

  /// The event for a waiter that has ended. `closed`: why, if the client is over.
  Event failed(const Ended& ended, const Error& closed) {
    ++failed_count;
    error = waiters.error_of(ended, closed);
    return {.kind = Event::Kind::failed, .tag = ended.tag, .error = &error};
  }

  Admission waiters;
  std::optional<std::uint32_t> reserved;  ///< the connection with room for the first waiter
  Instant room_again_at = never;          ///< when to ask again for memory for the first waiter
  std::uint64_t refused_progress = 0;     ///< the main connection's progress() at that time
  std::uint64_t failed_count = 0;
  Error error{};
};

}  // namespace plimsoll::inline v0
