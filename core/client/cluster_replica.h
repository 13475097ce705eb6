#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "plimsoll/core/client/due_reads.h"
#include "plimsoll/core/client/replica_progress.h"
#include "plimsoll/core/client/replica_rounds.h"
#include "plimsoll/core/cluster/replication_report.h"
#include "plimsoll/core/cluster/slot_table.h"

namespace plimsoll::inline v0 {

/// How often a view is asked for, if a primary names more replicas than the last one did.
inline constexpr Duration replica_view_interval = std::chrono::seconds(10);

/// What a ClusterNode that is a replica has besides its connection.
struct ClusterReplica : ReplicaProgress {
  /// `requests` pays for what is remembered of `requests_max` reads.
  ClusterReplica(NodeNumber of, Account& requests, std::size_t requests_max)
      : primary(of), due(requests, requests_max) {}

  NodeNumber primary;          ///< whose slots it may be asked for
  std::uint32_t named_in = 0;  ///< the last view that has named it
  bool mode_is_asked = false;  ///< READONLY was staged on the present connection...
  bool is_read_only = false;   ///< ... and it has taken it
  DueReads due;
};

/// What a ClusterNode whose replicas are read has besides its connection.
struct PrimaryOfReplicas {
  explicit PrimaryOfReplicas(Duration lag_max) : rounds(lag_max) {}

  std::span<const NodeNumber> replicas() const {
    return std::span(replicas_named).first(replicas_count);
  }

  /// Who has no replicas is asked whether it has got some.
  Duration round_interval() const {
    return replicas_count > 0 ? rounds.interval() : replica_view_interval;
  }

  ReplicaRounds rounds;
  std::uint32_t keys_asked = 0;  ///< questions for a key that are not answered, of all rounds
  Error problem{};               ///< why it does not say what it has run
  std::uint32_t named_in = 0;    ///< the last view in which it owned a slot
  bool is_near = false;          ///< it is in the client's zone
  Instant view_again_at = Instant::min();  ///< see replica_view_interval
  std::array<NodeNumber, replicas_max> replicas_named{};
  std::size_t replicas_count = 0;
};

}  // namespace plimsoll::inline v0
