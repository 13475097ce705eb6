#pragma once

#include <cstdint>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/due_reads.h"
#include "plimsoll/core/client/moved_requests.h"
#include "plimsoll/core/client/replica_progress.h"
#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/session/backoff.h"
#include "plimsoll/core/session/session.h"

// A server beside the primary: the client's connection to it, and what is known of it.
//
//          connect()               ready
//    lost -------------> connecting -------> connected
//     ^                      |                   |
//     +----------------------+-------------------+
//           the attempt failed, or the connection was lost; connect() follows after a wait
//
// What it has is proved again and again while it is connected (ReplicaProgress).
//
// From any state it is `leaving` once the primary does not name it any more; then it takes no new
// request, and is forgotten once its connection is over and what went on from it has ended.

namespace plimsoll::inline v0 {

class ServerNode : public ReplicaProgress {
 public:
  enum class State : std::uint8_t {
    connecting,
    connected,
    lost,  ///< there is no connection, and `problem` says why the last one failed
    leaving
  };

  /// `requests` pays for what is remembered of requests that went on to other servers.
  ServerNode(const NodeAddress& where, Account& requests, std::size_t requests_max,
             std::uint64_t random_seed)
      : address(where),
        due(requests, requests_max),
        moved(requests, requests_max),
        backoff(wait_min, wait_max, random_seed) {}

  /// The wait between attempts at a server that cannot be reached, as Backoff draws it.
  static constexpr Duration wait_min = std::chrono::milliseconds(100);
  static constexpr Duration wait_max = std::chrono::seconds(5);

  bool is_connected() const { return state == State::connected; }
  /// Whether it answers reads that do not need more than it is proved to have.
  bool is_ready() const { return is_connected() && is_proved(); }
  /// Whether it may answer a read at `now`.
  bool may_answer(Instant now, Duration lag_max, const Wanted& wanted) const {
    return is_connected() && has(now, lag_max, wanted);
  }

  NodeAddress address;
  State state = State::lost;
  Instant retry_at = never;
  std::uint64_t incarnation = 0;  // of its connection
  DueReads due;
  MovedRequests moved;
  Backoff backoff;
  Box<Session> session{};
};

}  // namespace plimsoll::inline v0
