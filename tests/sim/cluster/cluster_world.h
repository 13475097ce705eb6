#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "plimsoll/tests/sim/cluster/cluster_caller.h"
#include "plimsoll/tests/sim/cluster/cluster_injector.h"
#include "plimsoll/tests/sim/cluster/model_cluster.h"
#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/watched_line.h"

// A world of one cluster and those who use it. It runs in three parts, as World: first faults
// strike, then they are over and every client must reach the owner of every key within a bound and
// know the owners of all slots within another, and in the end all leave.

namespace plimsoll::sim {

class ClusterWorld final : private Handler {
 public:
  ClusterWorld(const Scenario& scenario, Trace::Printing printing);

  /// Lets all of it happen, up to the first violation.
  void run();

  const Environment& environment() const { return environment_; }

 private:
  template <class Done>
  bool run_until(Instant limit, const Done& done);
  void handle(std::uint32_t what, std::uint64_t detail) override;
  void plan_reset();
  void check_step();
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "world", 0);
  }

  Environment environment_;
  Random random_;
  std::unique_ptr<WatchedLine> line_;
  ModelCluster cluster_;
  ClusterInjector injector_;
  std::optional<ClusterCache> shared_cache_;  // none: each caller has its own
  std::vector<std::unique_ptr<ClusterCaller>> callers_;
  const WatchedLine::Users no_users_;
};

}  // namespace plimsoll::sim
