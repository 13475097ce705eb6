#pragma once

#include <cstdint>

namespace plimsoll::inline v0 {

/// What a session has done so far.
struct SessionCounters {
  std::uint64_t completed = 0;  ///< requests that got their reply
  std::uint64_t failed = 0;     ///< requests that ended with an error
  std::uint64_t pushed = 0;
  std::uint64_t replies_skipped = 0;
  std::uint64_t pushes_skipped = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t connections = 0;       ///< connections that became ready
  std::uint64_t connections_lost = 0;  ///< of these, lost
  std::uint64_t connections_dead = 0;  ///< of these, given up because the server was silent
  std::uint64_t attempts_failed = 0;   ///< failed attempts to connect
  std::uint64_t health_checks = 0;
  std::uint64_t requests_resent = 0;

  /// Changes whenever the connection may have released memory. A caller that waits for memory asks
  /// again only if this has changed: an attempt in vain would wake all other waiters, as a release
  /// does.
  std::uint64_t progress() const { return bytes_read + bytes_written + completed + failed; }

  SessionCounters& operator+=(const SessionCounters& other) {
    completed += other.completed;
    failed += other.failed;
    pushed += other.pushed;
    replies_skipped += other.replies_skipped;
    pushes_skipped += other.pushes_skipped;
    bytes_read += other.bytes_read;
    bytes_written += other.bytes_written;
    connections += other.connections;
    connections_lost += other.connections_lost;
    connections_dead += other.connections_dead;
    attempts_failed += other.attempts_failed;
    health_checks += other.health_checks;
    requests_resent += other.requests_resent;
    return *this;
  }
};
static_assert(sizeof(SessionCounters) == 13 * sizeof(std::uint64_t), "operator+= adds 13 counters");

}  // namespace plimsoll::inline v0
