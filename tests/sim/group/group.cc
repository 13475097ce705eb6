#include "plimsoll/tests/sim/group/group.h"

#include <algorithm>

namespace plimsoll::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array striking = {
    Fault::failover,        Fault::primary_killed, Fault::primary_frozen, Fault::sentinel_killed,
    Fault::sentinel_frozen, Fault::late_sentinel,  Fault::late_primary};

// Until most sentinels have seen that the primary does not answer, and have elected a leader.
constexpr Duration detection_time_min = seconds(1);
constexpr Duration detection_time_max = milliseconds(2500);
constexpr Duration publish_wait_max = seconds(1);
constexpr Duration known_time_max = seconds(2);
constexpr Duration asked_demotion_time_max = milliseconds(11'200);
constexpr Duration demotion_time_min = milliseconds(10'300);
constexpr Duration demotion_time_max = milliseconds(10'600);
constexpr Duration absence_max = seconds(12);
constexpr Duration thaw_check_time = milliseconds(100);

}  // namespace

Group::Group(Environment& environment)
    : environment_(environment), random_(environment.scenario.seed, Random::Purpose::group, 1) {
  const auto count = std::max<std::size_t>(environment.scenario.servers, 2);
  for (std::size_t i = 0; i < count; ++i) {
    nodes_.push_back(std::make_unique<Node>(environment, writes_, static_cast<std::uint32_t>(i)));
  }
  nodes_[0]->set_survives(WriteBook::Survives::yes);
  for (std::size_t i = 1; i < count; ++i) nodes_[i]->follow(*nodes_[0]);
  for (auto& sentinel : sentinels_) {
    sentinel = std::make_unique<Sentinel>(environment, sayings_, primary_);
  }
  for (auto& sentinel : sentinels_) {
    for (const auto& other : sentinels_) {
      if (other != sentinel) sentinel->meet(*other);
    }
  }
}

void Group::start() { plan_strike(); }

void Group::plan_strike() {
  plan(between(Duration::zero(), 2 * environment_.scenario.fault_interval), strike);
}

void Group::handle(std::uint32_t what, std::uint64_t detail) {
  switch (static_cast<Plan>(what)) {
    case strike:
      if (environment_.calm) return;
      strike_once();
      return plan_strike();
    case promote:
      if (is_failing_over_) end_failover();
      return;
    case learn: return teach(detail % sentinels_count, detail / sentinels_count);
    case follow: return demote(detail);
    case revive: return bring_back(detail);
    case serve: return nodes_[detail]->set_condition(model::Condition::serving);
    case revive_sentinel:
      if (sentinels_[detail]->is_alive()) return;
      sentinels_[detail]->revive();
      return plan_learning(detail, between(Duration::zero(), known_time_max));
  }
}

void Group::strike_once() {
  const Fault fault = random_.one_of(striking);
  if (!has(fault)) return;
  switch (fault) {
    case Fault::failover:
    case Fault::primary_killed:
    case Fault::primary_frozen:
      if (can_fail_over()) begin_failover(fault);
      return;
    case Fault::sentinel_killed: {
      Sentinel* const sentinel = some_well_sentinel();
      if (sentinel == nullptr) return;
      count(fault);
      sentinel->kill();
      return plan(between(milliseconds(200), seconds(8)), revive_sentinel,
                  sentinel->server() - first_sentinel());
    }
    case Fault::sentinel_frozen: return freeze_some(between(milliseconds(100), seconds(8)));
    case Fault::late_sentinel: is_late_[random_.below(sentinels_count)] = true; return;
    case Fault::late_primary: is_late_primary_ = true; return;
    default: return;
  }
}

// With two that are not well there would be no majority, and no failover.
Sentinel* Group::some_well_sentinel() {
  const bool all_are_well = std::all_of(sentinels_.begin(), sentinels_.end(),
                                        [](const auto& each) { return each->is_well(); });
  return all_are_well ? random_.one_of(sentinels_).get() : nullptr;
}

Node* Group::best_replica() const {
  Node* best = nullptr;
  for (const auto& node : nodes_) {
    if (!node->is_alive() || node->is_frozen() || !node->follows(*nodes_[primary_])) continue;
    if (best == nullptr || node->history().size() > best->history().size()) best = node.get();
  }
  return best;
}

bool Group::can_fail_over() const {
  const Node& primary = *nodes_[primary_];
  return !is_failing_over_ && primary.is_alive() && !primary.is_frozen() &&
         best_replica() != nullptr;
}

void Group::begin_failover(Fault cause) {
  count(cause);
  cause_ = cause;
  is_failing_over_ = true;
  if (cause == Fault::failover) return plan(between(Duration::zero(), milliseconds(500)), promote);
  if (cause == Fault::primary_killed) {
    nodes_[primary_]->kill();
    plan(between(milliseconds(500), absence_max), revive, primary_);
  } else {
    nodes_[primary_]->freeze(between(milliseconds(500), absence_max));
  }
  plan(between(detection_time_min, detection_time_max), promote);
}

void Group::end_failover() {
  is_failing_over_ = false;
  Node* const replica = best_replica();
  if (replica == nullptr) return;  // the primary stays what it is, if it comes back
  const std::size_t former = primary_;
  ++epoch_;
  nodes_[former]->set_survives(WriteBook::Survives::no);
  replica->promote();
  replica->set_survives(WriteBook::Survives::yes);
  primary_ = replica->server();
  primary_since_ = environment_.now();
  const std::uint64_t lost_before = writes_.acknowledged_and_lost();
  writes_.keep_only(replica->history());
  environment_.coverage.count(Deed::ack_lost, writes_.acknowledged_and_lost() - lost_before);
  if (is_late_primary_) impose_lateness(*replica);
  for (const auto& node : nodes_) {
    const bool is_other = node->server() != primary_ && node->server() != former;
    if (is_other) plan(between(Duration::zero(), publish_wait_max), follow, node->server());
  }
  if (cause_ == Fault::failover) {
    plan(between(seconds(1), asked_demotion_time_max), follow, former);
  } else if (nodes_[former]->is_alive()) {
    plan(between(demotion_time_min, demotion_time_max), follow, former);
  }
  tell_sentinels();
  // Just when everybody asks.
  if (has(Fault::sentinel_frozen) && random_.one_in(2))
    freeze_some(between(milliseconds(100), milliseconds(1500)));
}

void Group::freeze_some(Duration time) {
  Sentinel* const sentinel = some_well_sentinel();
  if (sentinel == nullptr) return;
  count(Fault::sentinel_frozen);
  sentinel->freeze(time);
}

void Group::impose_lateness(Node& node) {
  is_late_primary_ = false;
  count(Fault::late_primary);
  node.set_condition(random_.one_in(2) ? model::Condition::loading
                                       : model::Condition::primary_down);
  plan(between(milliseconds(100), seconds(3)), serve, node.server());
}

void Group::tell_sentinels() {
  std::size_t leader = random_.below(sentinels_count);
  while (!sentinels_[leader]->is_well()) leader = (leader + 1) % sentinels_count;
  const Duration answered = between(Duration::zero(), milliseconds(100));
  const Duration published = between(Duration::zero(), publish_wait_max);
  publish_waits_ = {};
  publish_waits_[leader] = published;
  for (std::size_t i = 0; i < sentinels_count; ++i) {
    const Duration later = published + between(Duration::zero(), known_time_max);
    plan_learning(i, i == leader ? answered : answered + later);
  }
}

void Group::plan_learning(std::size_t index, Duration wait) {
  plan(wait, learn, epoch_ * sentinels_count + index);
}

// It learns of the last switch, if it has not learned of a later one.
void Group::teach(std::size_t index, std::uint64_t epoch) {
  Sentinel& sentinel = *sentinels_[index];
  if (epoch != epoch_ || !sentinel.is_alive()) return;
  if (!sentinel.is_well()) return plan_learning(index, thaw_check_time);
  if (is_late_[index] && !environment_.calm && sentinel.primary() != primary_) {
    is_late_[index] = false;
    count(Fault::late_sentinel);
    return plan_learning(index, between(seconds(2), seconds(15)));
  }
  sentinel.learn(primary_, publish_waits_[index]);
}

// One that is no primary any more, or follows a former one, follows the primary.
void Group::demote(std::size_t server) {
  Node& node = *nodes_[server];
  if (server == primary_ || !node.is_alive() || node.follows(*nodes_[primary_])) return;
  if (node.is_frozen()) {
    return plan(between(demotion_time_min, demotion_time_max), follow, server);
  }
  node.follow(*nodes_[primary_]);
}

void Group::bring_back(std::size_t server) {
  Node& node = *nodes_[server];
  if (node.is_alive()) return;
  node.revive();
  if (server == primary_ || is_failing_over_) {
    // Somebody may still be promoted in its place; then that one sees to it.
    return;
  }
  if (!has(Fault::old_primary_back)) return node.follow(*nodes_[primary_]);
  count(Fault::old_primary_back);
  plan(between(demotion_time_min, demotion_time_max), follow, server);
}

void Group::calm_down() {
  if (is_failing_over_) end_failover();
  for (const auto& node : nodes_) {
    node->set_condition(model::Condition::serving);
    const bool was_dead = !node->is_alive();
    node->revive();
    if (node->is_frozen()) node->thaw();
    if (node->server() == primary_) continue;
    const Duration wait = was_dead ? demotion_time_max : asked_demotion_time_max;
    plan(between(Duration::zero(), wait), follow, node->server());
  }
  is_late_ = {};
  publish_waits_ = {};
  for (std::size_t i = 0; i < sentinels_count; ++i) {
    sentinels_[i]->revive();
    sentinels_[i]->thaw();
    plan_learning(i, between(Duration::zero(), known_time_max));
  }
}

}  // namespace plimsoll::sim
