#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>

#include "plimsoll/core/client/replica_options.h"
#include "plimsoll/tests/sim/client/driver.h"
#include "plimsoll/tests/sim/cluster/model_cluster.h"

// What a caller of a cluster has who reads from replicas: how its client is to choose them, and how
// old what it finds may be. That goes by what the owners of slots have run and when, and by whom
// the client takes for the owner, but by nothing that the client has made of INFO.

namespace plimsoll::sim {

class ClusterReader {
 public:
  ClusterReader(Environment& environment, std::uint32_t number, ModelCluster& cluster,
                const Driver& driver);

  /// Whether this caller reads from replicas: one without a cache does.
  static bool reads(const Environment& environment, std::uint32_t number, bool has_cache);

  const ReplicaOptions& options() const { return options_; }

  /// There is another client.
  void begin();
  /// What may not be missing in the answer to a read. It is promised less while the client has not
  /// heard of the slot's owner yet, or has missed that there was another one: docs/cluster.md.
  struct Promise {
    bool own_writes = true;  ///< what the client was told that it wrote
    bool lag_max = true;     ///< what the owner had so long before
  };
  /// Call this when a request for the slot is submitted.
  Promise look(SlotNumber slot);
  /// How old something may be that a replica is proved to have.
  Duration staleness_max() const;
  /// What a read has found to which lag_max was promised: this write, or none.
  void check(RequestNumber found, std::string_view key, Instant asked_at);

  /// The faults are over.
  void await_return() { reads_before_ = driver_.replica_counters().reads; }
  /// Whether replicas are read since then, or need not be by what the client is to choose.
  bool have_reads_returned();

 private:
  struct Known {
    std::size_t owner = no_server;  // as the client takes it
    std::uint64_t changes = 0;      // ModelCluster::owner_changes()...
    std::uint64_t heard = 0;        // ... when the client knew the owner last
    Instant missed_until{};         // what was proved before that may be of another time
  };

  std::size_t owner_to_client(SlotNumber slot) const;

  Environment& environment_;
  const std::uint32_t number_;
  ModelCluster& cluster_;
  const Driver& driver_;
  ReplicaOptions options_;
  std::map<SlotNumber, Known> known_;
  std::uint64_t reads_before_ = 0;
  bool have_returned_ = false;
};

}  // namespace plimsoll::sim
