#include "plimsoll/tests/sim/cluster/cluster_world.h"

#include <algorithm>

#include "plimsoll/tests/sim/line_options.h"

namespace plimsoll::sim {
namespace {

using std::chrono::seconds;

// Once the faults are over: a second until the last server has heard of everything, and what a
// client may wait for a connection and before it asks again.
constexpr Duration owners_reached_time_max = seconds(15);
// A client asks for a view once a minute without a reason.
constexpr Duration owners_known_time_max = seconds(75);
constexpr Duration look_interval = std::chrono::milliseconds(100);
constexpr Duration cluster_leaving_time_max = seconds(10);
constexpr std::uint64_t cluster_steps_at_once_max = 100'000;
constexpr std::uint64_t cluster_validate_every = 64;
// Behind those of ModelCluster and of ClusterInjector.
constexpr std::uint32_t shared_cache_stream = 3;

}  // namespace

ClusterWorld::ClusterWorld(const Scenario& scenario, Trace::Printing printing)
    : environment_(scenario, printing),
      random_(scenario.seed, Random::Purpose::world),
      line_(std::make_unique<WatchedLine>(environment_, 0, draw_line(random_, FaultSet()))),
      cluster_(environment_, scenario.servers, random_.between(1, 2)),
      injector_(environment_, cluster_) {
  // One who reads at a server that was frozen shares what it gets with those who know better.
  Random random(scenario.seed, Random::Purpose::cluster, shared_cache_stream);
  if (!scenario.faults.has(Fault::node_frozen) && random.one_in(2)) shared_cache_.emplace(random);
  ClusterCache* const shared = shared_cache_ ? &*shared_cache_ : nullptr;
  for (std::uint32_t i = 0; i < scenario.clients; ++i) {
    callers_.push_back(
        std::make_unique<ClusterCaller>(environment_, i, cluster_, line_->budget(), shared));
  }
}

template <class Done>
bool ClusterWorld::run_until(Instant limit, const Done& done) {
  while (!environment_.referee.violation()) {
    if (done()) return true;
    if (!environment_.schedule.step(limit)) return false;
    check_step();
  }
  return true;
}

void ClusterWorld::run() {
  const auto all = [this](auto holds) {
    return [this, holds] { return std::all_of(callers_.begin(), callers_.end(), holds); };
  };
  for (const auto& caller : callers_) caller->start();
  injector_.start();
  plan_reset();
  run_until(Instant{} + environment_.scenario.time_max,
            all([](const auto& caller) { return caller->is_done(); }));
  if (environment_.referee.violation()) return;

  environment_.note("world", 0, "the faults are over");
  environment_.calm = true;
  environment_.network.calm_down();
  injector_.calm_down();
  for (const auto& caller : callers_) caller->prove();
  const auto proved = all([](const auto& caller) { return caller->is_proved(); });
  run_until(environment_.now() + owners_reached_time_max, proved);
  environment_.referee.require(environment_.ledger.pending_count() == 0,
                               "once the faults are over, every request ends", "request",
                               environment_.ledger.some_pending());
  require(proved(), "once the faults are over, every client reaches the owner of every key");
  if (environment_.referee.violation()) return;
  const auto informed = all([](const auto& caller) { return caller->knows_all(); });
  // To ask costs a look at every slot.
  Instant look_at{};
  run_until(environment_.now() + owners_known_time_max, [&] {
    if (environment_.now() < look_at) return false;
    look_at = environment_.now() + look_interval;
    return informed();
  });
  require(informed(), "once the faults are over, every client learns the owners of all slots");
  for (const auto& caller : callers_) caller->check_cached();
  if (environment_.referee.violation()) return;

  for (const auto& caller : callers_) caller->leave();
  const auto gone = all([](const auto& caller) { return caller->has_left(); });
  run_until(environment_.now() + cluster_leaving_time_max, gone);
  require(gone(), "a client that is closed ends");
  if (environment_.referee.violation()) return;
  line_->check_idle();
}

void ClusterWorld::plan_reset() {
  if (!environment_.scenario.faults.has(Fault::reset)) return;
  const Duration wait = random_.between(Duration::zero(), 2 * environment_.scenario.fault_interval);
  environment_.schedule.plan(wait, *this, 0);
}

void ClusterWorld::handle(std::uint32_t, std::uint64_t) {
  if (environment_.calm) return;
  plan_reset();
  Link* const link = environment_.network.pick();
  if (link == nullptr) return;
  environment_.note("network", link->serial(), "is reset");
  environment_.coverage.count(Fault::reset);
  link->reset();
}

void ClusterWorld::check_step() {
  require(environment_.schedule.steps_at_once() < cluster_steps_at_once_max,
          "nobody goes in circles");
  for (const auto& caller : callers_) caller->check();
  line_->check_step(no_users_);
  if (environment_.schedule.steps() % cluster_validate_every != 0) return;
  line_->check_accounts(no_users_);
  for (const auto& caller : callers_) caller->validate();
  line_->validate();
}

}  // namespace plimsoll::sim
