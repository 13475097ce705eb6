#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "plimsoll/tests/sim/cluster/model_cluster.h"

// Makes faults strike a cluster: slots that move in all the ways that there are, servers that are
// replaced, and what servers hear late or say wrong. Times are those of Valkey 8.0.1 with a
// cluster-node-timeout of 2 s.

namespace plimsoll::sim {

class ClusterInjector final : private Handler {
 public:
  ClusterInjector(Environment& environment, ModelCluster& cluster);

  void start() { plan_strike(), plan_strike_at_replica(); }
  /// No fault from here on: slots come to rest, servers are back, and all of them hear of it.
  void calm_down();

 private:
  enum Plan : std::uint32_t {
    strike,
    step,    // detail: the slot
    detect,  // the primary that is away
    elect,
    come_back,  // which server
    see_clearly,
    hear_in_time,
    strike_replica,
    replica_back,  // which server
    answer_info
  };
  enum class SlotState : std::uint8_t { rest, moving, target_is_next, source_is_next, unserved };
  struct Moving {
    SlotState state = SlotState::rest;
    std::size_t holder = 0;  // whom it leaves, or who has its keys while it is unserved
  };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  bool has(Fault fault) const { return environment_.scenario.faults.has(fault); }
  void count(Fault fault) { environment_.coverage.count(fault); }
  Duration between(Duration least, Duration most) { return random_.between(least, most); }
  void plan(Duration wait, Plan what, std::uint64_t detail = 0) {
    environment_.schedule.plan(wait, *this, what, detail);
  }
  void plan_strike();
  void strike_once();
  void strike_slot(Fault fault);
  void plan_step(SlotNumber slot);
  void step_slot(SlotNumber slot);
  void end_move(SlotNumber slot);
  void rest_slot(SlotNumber slot);
  void strike_primary(Fault fault);
  void cut_off(std::size_t primary);
  void plan_strike_at_replica();
  void strike_at_replica();
  void bring_replica_back(std::size_t server);
  void hand_over();
  void notice(std::size_t primary);
  void replace(std::size_t primary);
  void bring_back(std::size_t server);
  std::size_t some_primary();
  bool may_fail_over(std::size_t primary);

  Environment& environment_;
  ModelCluster& cluster_;
  Random random_;
  Random draws_for_replicas_;  // of its own, lest these faults change when the others strike
  Random draws_for_cuts_;
  std::map<SlotNumber, Moving> slots_;
  const bool needs_full_coverage_;  // cluster-require-full-coverage
  std::vector<bool> is_away_;       // killed, frozen or cut off
  std::vector<bool> is_replica_away_;
  std::optional<std::size_t> cut_along_;  // the replica that was cut off together with its primary
};

}  // namespace plimsoll::sim
