#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/cluster_replica.h"
#include "plimsoll/core/client/moved_requests.h"
#include "plimsoll/core/client/sent_requests.h"
#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/cluster/node_id.h"
#include "plimsoll/core/cluster/slot_table.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/session/backoff.h"
#include "plimsoll/core/session/session.h"

// A node of a cluster: the client's connection to it, and what is known of it.
//
//          connect()               ready               it is who it should be
//    lost -------------> connecting -------> checking ------------------------> ready
//     ^                      |                   |                                |
//     +----------------------+-------------------+--------------------------------+
//         the attempt failed, the connection was lost, or it is left
//
// A node without slots keeps its connection for a while: slots come and go.

namespace plimsoll::inline v0 {

class ClusterNode {
 public:
  enum class State : std::uint8_t {
    lost,  ///< there is no connection; a text in `problem` says why the last one failed
    connecting,
    checking,  ///< it is asked who it is
    ready
  };

  /// What is known of the node, for users.
  enum class Known : std::uint8_t {
    idle,  ///< no connection was needed yet
    connecting,
    checking,  ///< it is asked who it is
    ready,
    suspect,  ///< it owes an answer for too long; others are asked whether it still has its slots
    lost      ///< the last attempt or connection failed
  };

  /// What becomes of a request that the node has not run.
  struct Verdict {
    enum class Kind : std::uint8_t { told, goes_on } kind = Kind::told;
    NodeNumber asked = no_node;  ///< to this node, with ASKING; no_node: to the slot's owner
    bool is_hop = false;         ///< it counts in redirects_max
    Duration wait{};             ///< before it goes on
  };

  /// `requests` pays for what is remembered of requests; `requests_max`: of how many at a time.
  ClusterNode(const NodeAddress& where, Account& requests, std::size_t requests_max,
              std::uint64_t random_seed)
      : address(where),
        sent(requests, requests_max),
        moved(requests, requests_max),
        backoff(wait_min, wait_max, random_seed) {}

  static constexpr RequestId no_request = UINT64_MAX;

  static constexpr Error is_another{
      .code = ErrorCode::connect_failed,
      .what = "another node of a cluster answers at this address than the one that was named"};

  static constexpr Error is_replaced{
      .code = ErrorCode::connection_lost,
      .what = "the node has not answered for a second, and other nodes own its slots now"};

  /// The wait between attempts at a node that cannot be reached, as Backoff draws it.
  static constexpr Duration wait_min = std::chrono::milliseconds(50);
  static constexpr Duration wait_max = std::chrono::seconds(1);

  /// A node that owes an answer and says nothing for so long is suspect: another one is asked
  /// whether it still owns its slots.
  static constexpr Duration suspect_after = std::chrono::seconds(1);

  /// Whether it owes answers.
  bool owes() const { return session && session->in_flight() > 0; }
  bool is_suspect(Instant now) const { return owes() && now - quiet_since >= suspect_after; }
  Known known(Instant now) const {
    switch (state) {
      case State::lost: return *problem.what == '\0' ? Known::idle : Known::lost;
      case State::connecting: return Known::connecting;
      case State::checking: return Known::checking;
      case State::ready: break;
    }
    return is_suspect(now) ? Known::suspect : Known::ready;
  }
  /// Whether new requests should rather wait than go there.
  bool is_doubtful(Instant now) const {
    return is_suspect(now) || (state != State::ready && *problem.what != '\0');
  }

  /// Whether requests that only this node can run may wait for it: it is well, or its last
  /// connection has ended and nobody knows yet whether there can be another one.
  bool may_be_awaited(Instant now) const {
    if (!is_doubtful(now)) return true;
    if (state == State::lost) return retry_at == never || now >= retry_at;
    return state == State::connecting && session->counters().attempts_failed == 0;
  }

  /// Whether requests wait for it.
  bool is_needed() const { return is_wanted || owes(); }

  /// Whether others wait for what it owes, or want it for what only it has. The reads of a replica
  /// go on without it.
  bool is_waited_for() const { return !replica || !has_answered(); }
  /// Whether another node may have what is wanted of it.
  bool needs_view(Instant now) const { return is_needed() && is_doubtful(now) && is_waited_for(); }

  /// Whether all that it had been sent by the time of hold_until_answered() is answered, or will
  /// never be.
  bool has_answered() const {
    return hold_until == 0 || !session || session->has_said_all() ||
           session->answered_until() >= hold_until;
  }

  NodeAddress address;
  NodeId id{};  ///< as the cluster has it; unknown: is_known() is false
  State state = State::lost;
  bool is_wanted = false;        ///< requests wait for it
  bool is_leaving = false;       ///< its connection is given up once it owes nothing, without a
                                 ///< fault of its own
  bool is_named = false;         ///< parked requests may be on their way to it
  bool is_stirred = false;       ///< see ClusterNodes::stir()
  bool has_small_share = false;  ///< see ClusterShares::set_doubt()
  std::uint8_t idle_views = 0;   ///< how many views in a row gave it no slot, and it had no request
  Error problem{};
  Instant retry_at = never;
  Instant quiet_since{};           ///< the last sign of life, or when it began to owe answers
  std::uint64_t incarnation = 0;   ///< of its connection
  std::uint32_t slots = 0;         ///< that it owns
  Slot last_slot = 0;              ///< of all that it has owned, the one that came last
  RequestId hold_until = 0;        ///< see has_answered(); 0: nothing waits for its answers
  NodeNumber held_with = no_node;  ///< the next of those that are waited for together, in a ring
  std::uint32_t callers = 0;       ///< session->callers_in_flight(), as ClusterNodes counts it
  std::uint32_t parked = 0;        ///< requests that are parked for it...
  std::size_t parked_bytes = 0;    ///< ... and their bytes
  std::uint32_t address_hash = 0;
  NodeNumber like_named = no_node;  ///< the next whose address may have the same hash
  RequestId part_of = no_request;   ///< the transaction of which it has not taken a command...
  Verdict part_verdict{};           ///< ... and what becomes of it
  SentRequests sent;
  MovedRequests moved;
  Backoff backoff;
  Box<ClusterReplica> replica{};     ///< null: it is no replica that the client reads from
  Box<PrimaryOfReplicas> primary{};  ///< null: none of its replicas is known, or they are not read
  Box<Session> session{};
};

}  // namespace plimsoll::inline v0
