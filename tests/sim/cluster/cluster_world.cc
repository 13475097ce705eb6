#include "plimsoll/tests/sim/cluster/cluster_world.h"

namespace plimsoll::sim {
namespace {

using std::chrono::seconds;

// Once the faults are over: a second until the last server has heard of everything, and what a
// client may wait for a connection and before it asks again.
constexpr Duration owners_reached_time_max = seconds(15);
// A client asks for a view once a minute without a reason.
constexpr Duration owners_known_time_max = seconds(75);
// A primary that names replicas which a view did not leads to another view after ten seconds.
constexpr Duration replicas_read_time_max = seconds(30);
// Far below replica_lag_max_min, lest all reads meet proofs that are just over.
constexpr Duration read_interval = std::chrono::milliseconds(10);
constexpr Duration look_interval = std::chrono::milliseconds(100);
// Behind those of ModelCluster and of ClusterInjector.
constexpr std::uint32_t shared_cache_stream = 3;

}  // namespace

ClusterWorld::ClusterWorld(const Scenario& scenario, Trace::Printing printing)
    : CallersWorld(scenario, printing),
      cluster_(environment_, scenario.servers, random().between(1, 2)),
      injector_(environment_, cluster_) {
  // One who reads at a server that was frozen shares what it gets with those who know better.
  Random draws(scenario.seed, Random::Purpose::cluster, shared_cache_stream);
  if (!scenario.faults.has(Fault::node_frozen) && draws.one_in(2)) shared_cache_.emplace(draws);
  ClusterCache* const shared = shared_cache_ ? &*shared_cache_ : nullptr;
  for (std::uint32_t i = 0; i < scenario.clients; ++i) {
    callers_.push_back(
        std::make_unique<ClusterCaller>(environment_, i, cluster_, budget(), shared));
  }
}

void ClusterWorld::run() {
  const bool has_recovered =
      strike(callers_, [this] { injector_.start(); }) &&
      recover(
          callers_, [this] { injector_.calm_down(); }, owners_reached_time_max,
          "once the faults are over, every client reaches the owner of every key");
  if (has_recovered && learn_owners() && read_again()) leave(callers_);
}

bool ClusterWorld::learn_owners() {
  const auto informed = [this] {
    return all(callers_, [](const auto& each) { return each->knows_all(); });
  };
  // To ask costs a look at every slot.
  Instant look_at{};
  run_until(callers_, environment_.now() + owners_known_time_max, [&] {
    if (environment_.now() < look_at) return false;
    look_at = environment_.now() + look_interval;
    return informed();
  });
  require(informed(), "once the faults are over, every client learns the owners of all slots");
  for (const auto& caller : callers_) caller->check_cached();
  return holds();
}

// A replica that was away is found once its primary names it, and a view does.
bool ClusterWorld::read_again() {
  const auto reads_again = [this] {
    return all(callers_, [](const auto& each) { return each->has_read_again(); });
  };
  Instant look_at{};
  bool is_done = false;
  run_until(callers_, environment_.now() + replicas_read_time_max, [&] {
    if (is_done || environment_.now() < look_at) return is_done;
    look_at = environment_.now() + read_interval;
    return is_done = reads_again();
  });
  require(is_done, "once the faults are over, replicas are read again");
  return holds();
}

}  // namespace plimsoll::sim
