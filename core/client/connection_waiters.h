#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/client/admission.h"
#include "plimsoll/core/client/memory_retry.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// The commands that wait for a connection to block on.
class ConnectionWaiters {
 public:
  ConnectionWaiters(Account& requests, std::size_t waiters_max)
      : waiters(requests, waiters_max, Admission::Of::connections) {}

  /// The event for a waiter that has ended. `closed`: why, if the client is over.
  Event failed(const Ended& ended, const Error& closed) {
    ++failed_count;
    error = waiters.error_of(ended, closed);
    return {.kind = Event::Kind::failed, .tag = ended.tag, .error = &error};
  }

  Admission waiters;
  std::optional<std::uint32_t> reserved;  ///< the connection with room for the first waiter
  MemoryRetry retry;                      ///< for the first waiter; the main connection's progress
  std::uint64_t failed_count = 0;
  Error error{};
};

}  // namespace plimsoll::inline v0
