#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "plimsoll/tests/sim/callers_world.h"
#include "plimsoll/tests/sim/cluster/cluster_caller.h"
#include "plimsoll/tests/sim/cluster/cluster_injector.h"
#include "plimsoll/tests/sim/cluster/model_cluster.h"

// A world of one cluster and those who use it: once the faults are over every client must reach the
// owner of every key within a bound, and know the owners of all slots within another.

namespace plimsoll::sim {

class ClusterWorld final : public CallersWorld {
 public:
  ClusterWorld(const Scenario& scenario, Trace::Printing printing);

  /// Lets all of it happen, up to the first violation.
  void run();

 private:
  bool learn_owners();
  bool read_again();

  ModelCluster cluster_;
  ClusterInjector injector_;
  std::optional<ClusterCache> shared_cache_;  // none: each caller has its own
  std::vector<std::unique_ptr<ClusterCaller>> callers_;
};

}  // namespace plimsoll::sim
