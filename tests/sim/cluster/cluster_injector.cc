#include "plimsoll/tests/sim/cluster/cluster_injector.h"

#include <algorithm>
#include <array>
#include <utility>

namespace plimsoll::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array striking_clusters = {Fault::slot_migrated, Fault::slot_moved_at_once,
                                          Fault::slot_unserved, Fault::slot_taken_over,
                                          Fault::handover,      Fault::node_killed,
                                          Fault::node_frozen,   Fault::node_cut,
                                          Fault::late_gossip,   Fault::odd_view};

constexpr std::array striking_replicas = {Fault::replica_lags, Fault::replica_link_down,
                                          Fault::replica_frozen, Fault::replica_restarted,
                                          Fault::info_refused};

constexpr Duration gossip_time_max = milliseconds(30);
constexpr Duration late_gossip_time_max = milliseconds(1500);
constexpr Duration waking_time_max = milliseconds(2);
constexpr Duration node_timeout = seconds(2);
constexpr Duration node_absence_max = seconds(10);
constexpr Duration replica_trouble_max = seconds(8);
constexpr Duration down_time_min = milliseconds(50);
constexpr Duration down_time_max = milliseconds(700);

}  // namespace

ClusterInjector::ClusterInjector(Environment& environment, ModelCluster& cluster)
    : environment_(environment),
      cluster_(cluster),
      random_(environment.scenario.seed, Random::Purpose::cluster, 2),
      draws_for_replicas_(environment.scenario.seed, Random::Purpose::cluster_replicas, 1),
      draws_for_cuts_(environment.scenario.seed, Random::Purpose::cluster_replicas, 2),
      needs_full_coverage_(random_.one_in(2)),
      is_away_(cluster.size()),
      is_replica_away_(cluster.size()) {}

void ClusterInjector::plan_strike() {
  plan(between(Duration::zero(), 2 * environment_.scenario.fault_interval), strike);
}

void ClusterInjector::handle(std::uint32_t what, std::uint64_t detail) {
  if (environment_.calm) return;
  switch (static_cast<Plan>(what)) {
    case strike: strike_once(); return plan_strike();
    case step: return step_slot(static_cast<SlotNumber>(detail));
    case detect: return notice(detail);
    case elect: return replace(detail);
    case come_back: return bring_back(detail);
    case see_clearly: cluster_.server(detail).odd_view = ClusterServer::OddView::none; return;
    case hear_in_time: return cluster_.delay_news(detail, Duration::zero());
    case strike_replica: strike_at_replica(); return plan_strike_at_replica();
    case replica_back: return bring_replica_back(detail);
    case answer_info: return cluster_.server(detail).set_info_refused(false);
  }
}

std::size_t ClusterInjector::some_primary() {
  for (;;) {
    const std::size_t server = random_.below(cluster_.size());
    if (cluster_.is_primary(server)) return server;
  }
}

void ClusterInjector::strike_once() {
  const Fault fault = random_.one_of(striking_clusters);
  if (!has(fault)) return;
  switch (fault) {
    case Fault::handover: return hand_over();
    case Fault::node_killed:
    case Fault::node_frozen:
    case Fault::node_cut: return strike_primary(fault);
    case Fault::late_gossip: {
      const std::size_t server = random_.below(cluster_.size());
      count(fault);
      cluster_.delay_news(server, between(milliseconds(100), seconds(4)));
      return plan(between(seconds(1), seconds(10)), hear_in_time, server);
    }
    case Fault::odd_view: {
      const std::size_t server = random_.below(cluster_.size());
      count(fault);
      constexpr std::array views = {ClusterServer::OddView::empty, ClusterServer::OddView::holes,
                                    ClusterServer::OddView::unnamed,
                                    ClusterServer::OddView::refused};
      cluster_.server(server).odd_view = random_.one_of(views);
      return plan(between(milliseconds(100), seconds(3)), see_clearly, server);
    }
    default: return strike_slot(fault);
  }
}

void ClusterInjector::strike_slot(Fault fault) {
  const bool is_busy = cluster_.has_busy_slot() && !random_.one_in(8);
  const SlotNumber slot = used_slots()[is_busy ? 0 : random_.below(used_slots().size())];
  Moving& moving = slots_[slot];
  if (moving.state != SlotState::rest || cluster_.owner(slot) == no_server) return;
  const std::size_t from = cluster_.owner(slot);
  const std::size_t to = some_primary();
  if (to == from || !cluster_.server(from).is_well() || !cluster_.server(to).is_well()) return;
  // One that does not know yet what it is cannot be asked.
  if (cluster_.server(from).view[slot] != from || cluster_.server(to).view[slot] != from) return;
  environment_.note("slot", slot, "of % is to be struck: % (other: %)", from, name(fault), to);
  switch (fault) {
    case Fault::slot_moved_at_once:
      count(fault);
      cluster_.start_migration(slot, to);
      cluster_.finish_at_source(slot, from);
      cluster_.finish_at_target(slot);
      return cluster_.tell_all(random_.one_in(4) ? late_gossip_time_max : gossip_time_max);
    case Fault::slot_taken_over:
      count(fault);
      cluster_.take_over(slot, to);
      return cluster_.tell_all(random_.one_in(4) ? late_gossip_time_max : gossip_time_max);
    case Fault::slot_unserved:
      count(fault);
      cluster_.unassign(slot);
      moving = {.state = SlotState::unserved, .holder = from};
      cluster_.tell_all(gossip_time_max);
      return plan(between(milliseconds(20), seconds(2)), step, slot);
    default:
      cluster_.start_migration(slot, to);
      moving = {.state = SlotState::moving, .holder = from};
      return plan_step(slot);
  }
}

void ClusterInjector::plan_step(SlotNumber slot) {
  const bool is_slow = random_.one_in(6);
  const Duration most = milliseconds(is_slow ? 8000 : random_.one_in(4) ? 500 : 40);
  plan(between(Duration::zero(), most), step, slot);
}

void ClusterInjector::step_slot(SlotNumber slot) {
  Moving& moving = slots_[slot];
  if (!cluster_.can_go_on(slot)) return plan_step(slot);
  switch (moving.state) {
    case SlotState::rest: return;
    case SlotState::unserved: return rest_slot(slot);
    case SlotState::moving:
      // A failover ends a move.
      if (!cluster_.is_migrating(slot)) return rest_slot(slot);
      if (!random_.one_in(3) && cluster_.move_key(slot)) return plan_step(slot);
      return end_move(slot);
    case SlotState::target_is_next:
      cluster_.finish_at_target(slot);
      cluster_.tell_all(random_.one_in(4) ? late_gossip_time_max : gossip_time_max);
      moving.state = SlotState::rest;
      return;
    case SlotState::source_is_next:
      cluster_.finish_at_source(slot, moving.holder);
      moving.state = SlotState::rest;
      return;
  }
}

void ClusterInjector::end_move(SlotNumber slot) {
  Moving& moving = slots_[slot];
  if (has(Fault::slot_called_off) && random_.one_in(4)) {
    count(Fault::slot_called_off);
    cluster_.call_off(slot);
    moving.state = SlotState::rest;
    return;
  }
  count(Fault::slot_migrated);
  if (has(Fault::source_told_first) && random_.one_in(2)) {
    count(Fault::source_told_first);
    cluster_.finish_at_source(slot, moving.holder);
    moving.state = SlotState::target_is_next;
  } else {
    cluster_.finish_at_target(slot);
    cluster_.tell_all(random_.one_in(4) ? late_gossip_time_max : gossip_time_max);
    moving.state = SlotState::source_is_next;
  }
  plan_step(slot);
}

// Whatever was under way ends.
void ClusterInjector::rest_slot(SlotNumber slot) {
  Moving& moving = slots_[slot];
  const SlotState state = std::exchange(moving.state, SlotState::rest);
  switch (state) {
    case SlotState::rest: return;
    case SlotState::moving:
      if (cluster_.is_migrating(slot)) cluster_.call_off(slot);
      return;
    case SlotState::target_is_next: return cluster_.finish_at_target(slot);
    case SlotState::source_is_next: return cluster_.finish_at_source(slot, moving.holder);
    case SlotState::unserved: {
      // Who had it may follow another one by now.
      const std::size_t to = cluster_.primary_of(moving.holder);
      cluster_.assign(slot, to);
      return cluster_.tell_all(gossip_time_max);
    }
  }
}

bool ClusterInjector::may_fail_over(std::size_t primary) {
  const ClusterServer& server = cluster_.server(primary);
  return server.is_well() && !server.replica_of && cluster_.successor_of(primary) != nullptr;
}

// The old owner says MOVED a moment before the new one serves.
void ClusterInjector::hand_over() {
  const std::size_t primary = some_primary();
  if (!may_fail_over(primary)) return;
  ClusterServer& successor = *cluster_.successor_of(primary);
  count(Fault::handover);
  successor.copy_all(cluster_.server(primary));
  cluster_.promote(successor);
  cluster_.learn(primary);
  cluster_.tell_all(random_.one_in(4) ? late_gossip_time_max : gossip_time_max);
}

void ClusterInjector::strike_primary(Fault fault) {
  const std::size_t primary = some_primary();
  ClusterServer& server = cluster_.server(primary);
  if (is_away_[primary] || !server.is_well()) return;
  // The others have to be enough to vote.
  if (static_cast<std::size_t>(std::count(is_away_.begin(), is_away_.end(), true)) > 0) return;
  count(fault);
  is_away_[primary] = true;
  const Duration absence = between(milliseconds(100), node_absence_max);
  switch (fault) {
    case Fault::node_killed: server.kill(); break;
    case Fault::node_frozen: server.freeze(absence); break;
    default: cut_off(primary);
  }
  plan(absence, come_back, primary);
  plan(node_timeout + between(Duration::zero(), milliseconds(1600)), detect, primary);
}

// Perhaps together with a replica, which goes on to follow it: to whoever reaches both, all is well
// with them until they know that they are not enough.
void ClusterInjector::cut_off(std::size_t primary) {
  environment_.note("server", primary, "is cut off");
  cluster_.server(primary).set_cut(true);
  if (draws_for_cuts_.one_in(3)) return;
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    ClusterServer& replica = cluster_.server(i);
    if (replica.replica_of != primary || !replica.is_well() || is_replica_away_[i]) continue;
    environment_.note("server", i, "is cut off together with its primary");
    replica.set_cut(true);
    is_replica_away_[i] = true;
    cut_along_ = i;
    return;
  }
}

void ClusterInjector::plan_strike_at_replica() {
  if (!environment_.scenario.faults.has_any(striking_replicas)) return;
  const Duration most = 8 * environment_.scenario.fault_interval;
  plan(draws_for_replicas_.between(Duration::zero(), most), strike_replica);
}

// INFO may be refused by a primary as well.
void ClusterInjector::strike_at_replica() {
  const Fault fault = draws_for_replicas_.one_of(striking_replicas);
  const std::size_t number = draws_for_replicas_.below(cluster_.size());
  const Duration time = draws_for_replicas_.between(milliseconds(10), replica_trouble_max);
  ClusterServer& server = cluster_.server(number);
  const bool is_fit = fault == Fault::info_refused || server.replica_of.has_value();
  if (!has(fault) || !is_fit || !server.is_well() || is_away_[number]) return;
  count(fault);
  environment_.note("server", number, "is to be struck: %", name(fault));
  switch (fault) {
    case Fault::replica_lags: return server.lag(time);
    case Fault::info_refused: server.set_info_refused(true); return plan(time, answer_info, number);
    case Fault::replica_link_down: server.lose_link(); break;
    case Fault::replica_frozen: server.freeze(time); break;
    default: server.kill();
  }
  is_replica_away_[number] = true;
  plan(time, replica_back, number);
}

// One that was promoted meanwhile, and is away as a primary, comes back as that.
void ClusterInjector::bring_replica_back(std::size_t number) {
  if (!is_replica_away_[number]) return;
  is_replica_away_[number] = false;
  if (is_away_[number]) return;
  ClusterServer& server = cluster_.server(number);
  if (!server.is_alive()) {
    server.revive();
    cluster_.refill(server);
  }
  if (server.is_frozen()) server.thaw();
  server.set_cut(false);
  cluster_.mend_links(number);
  cluster_.tell(number, waking_time_max);
}

// One that is cut off says so. Others do until there is a successor, unless a cluster may go on
// without some of its slots.
void ClusterInjector::notice(std::size_t primary) {
  ClusterServer& away = cluster_.server(primary);
  if (!is_away_[primary] || away.is_well()) return;
  if (away.is_cut()) away.is_down = true;
  if (cut_along_) cluster_.server(*cut_along_).is_down = true;
  if (!cluster_.has_majority() || cluster_.successor_of(primary) == nullptr) return;
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    if (needs_full_coverage_ && cluster_.server(i).is_well()) cluster_.server(i).is_down = true;
  }
  plan(between(down_time_min, down_time_max), elect, primary);
}

void ClusterInjector::replace(std::size_t primary) {
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    if (!cluster_.server(i).is_cut()) cluster_.server(i).is_down = false;
  }
  ClusterServer* const successor = cluster_.successor_of(primary);
  if (cluster_.server(primary).is_well() || successor == nullptr) return;
  cluster_.promote(*successor);
  cluster_.tell_all(gossip_time_max);
}

void ClusterInjector::bring_back(std::size_t number) {
  ClusterServer& server = cluster_.server(number);
  is_away_[number] = false;
  server.set_cut(false);
  if (cut_along_ && cluster_.server(*cut_along_).replica_of == number) {
    bring_replica_back(*std::exchange(cut_along_, std::nullopt));
  }
  const bool was_dead = !server.is_alive();
  if (was_dead) server.revive();
  if (server.is_frozen()) server.thaw();
  // Until it hears that it was replaced it would serve reads; a real one hears of it at once.
  cluster_.delay_news(number, Duration::zero());
  if (!was_dead) cluster_.mend_links(number);
  // What it was sent is run first. One that was cut off says CLUSTERDOWN until it knows who it is.
  if (!was_dead) return cluster_.tell(number, between(Duration::zero(), waking_time_max));
  cluster_.learn(number);
  if (!cluster_.is_primary(number)) return;
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    ClusterServer& replica = cluster_.server(i);
    if (replica.replica_of != number) continue;
    replica.is_well() ? replica.copy_all(server) : replica.lose_link();
  }
  cluster_.recount();
}

void ClusterInjector::calm_down() {
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    ClusterServer& server = cluster_.server(i);
    server.odd_view = ClusterServer::OddView::none;
    server.set_info_refused(false);
    server.lag(Duration::zero());
    cluster_.delay_news(i, Duration::zero());
    bring_replica_back(i);
    bring_back(i);
    if (cluster_.is_primary(i)) server.is_down = false;
  }
  for (const SlotNumber slot : used_slots()) rest_slot(slot);
  cluster_.recount();
  // Those that were frozen work through what they have got before they hear of anything.
  for (std::size_t i = 0; i < cluster_.size(); ++i) cluster_.tell(i, seconds(1));
}

}  // namespace plimsoll::sim
