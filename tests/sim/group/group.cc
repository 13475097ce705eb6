#include "plimsoll/tests/sim/group/group.h"

#include <algorithm>

namespace plimsoll::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array striking = {
    Fault::failover,        Fault::primary_killed, Fault::primary_frozen, Fault::sentinel_killed,
    Fault::sentinel_frozen, Fault::late_sentinel,  Fault::late_primary};

constexpr std::array striking_replicas = {
    Fault::replica_restarted, Fault::replica_lags,     Fault::replica_loading,
    Fault::replica_link_down, Fault::replica_cut,      Fault::replica_frozen,
    Fault::replica_unlisted,  Fault::replica_promoted, Fault::info_refused,
};

// A replica that has answered a read since then is being read.
constexpr Duration reading_time = milliseconds(300);

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
    : environment_(environment),
      random_(environment.scenario.seed, Random::Purpose::group, 1),
      replica_random_(environment.scenario.seed, Random::Purpose::replicas) {
  const auto count = std::max<std::size_t>(environment.scenario.servers, 2);
  for (std::size_t i = 0; i < count; ++i) {
    nodes_.push_back(
        std::make_unique<Node>(environment, writes_, reads_, static_cast<std::uint32_t>(i)));
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

void Group::start() {
  plan_strike();
  plan_replica_strike();
}

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
    case strike_replica:
      if (environment_.calm) return;
      strike_replica_once();
      return plan_replica_strike();
    case heal:
      // One that has been promoted since has nothing left of it, but may be late (late_primary).
      if (detail != primary_) return nodes_[detail]->heal();
      return nodes_[detail]->allow_info();
  }
}

void Group::plan_replica_strike() {
  const Duration wait =
      replica_random_.between(Duration::zero(), 2 * environment_.scenario.fault_interval);
  plan(wait, strike_replica);
}

Node* Group::some_replica() {
  const std::size_t begin = replica_random_.below(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = *nodes_[(begin + i) % nodes_.size()];
    if (node.is_alive() && !node.is_frozen() && node.follows(*nodes_[primary_])) return &node;
  }
  return nullptr;
}

void Group::strike_replica_once() {
  const Fault fault = replica_random_.one_of(striking_replicas);
  Node* node = some_replica();
  if (!has(fault) || node == nullptr) return;
  switch (fault) {
    case Fault::replica_cut: return node->cut_next_read();  // counts when it does
    case Fault::replica_promoted: {
      const bool is_read = node->read_at() + reading_time > environment_.now();
      if (!is_read || !can_fail_over() || best_replica() != node) return;
      count(fault);
      count(Fault::failover);
      cause_ = Fault::failover;
      return end_failover();
    }
    case Fault::info_refused:
      if (replica_random_.one_in(2)) node = nodes_[primary_].get();
      break;
    default: break;
  }
  count(fault);
  impose(fault, *node);
}

void Group::impose(Fault fault, Node& node) {
  const bool is_long = replica_random_.one_in(4);
  const Duration time = replica_random_.between(milliseconds(20), seconds(is_long ? 20 : 2));
  switch (fault) {
    case Fault::replica_lags: node.lag(time); break;
    case Fault::replica_loading:
      node.set_condition(model::Condition::loading);
      if (replica_random_.one_in(2)) node.set_listed(Node::Listed::being_filled);
      break;
    case Fault::replica_link_down:
      node.lose_primary();
      if (replica_random_.one_in(2)) node.set_condition(model::Condition::primary_down);
      break;
    // For long enough that somebody notices, and not for ever.
    case Fault::replica_frozen: return node.freeze(std::min<Duration>(time, seconds(8)));
    case Fault::replica_restarted: {
      const std::size_t count = node.history().size();
      const std::size_t missing = std::min<std::size_t>(replica_random_.skewed(20), count);
      node.restart_with(count - missing);
      node.lag(time);
      break;
    }
    case Fault::replica_unlisted: node.set_listed(Node::Listed::no); break;
    default: node.refuse_info(); break;
  }
  plan(time, heal, node.number());
}

bool Group::has_replica_in(std::string_view zone) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
    return node->follows(*nodes_[primary_]) && node->zone() == zone;
  });
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
  primary_ = replica->number();
  primary_since_ = environment_.now();
  const std::uint64_t lost_before = writes_.acknowledged_and_lost();
  writes_.keep_only(replica->history());
  environment_.coverage.count(Deed::ack_lost, writes_.acknowledged_and_lost() - lost_before);
  if (is_late_primary_) impose_lateness(*replica);
  for (const auto& node : nodes_) {
    const bool is_other = node->number() != primary_ && node->number() != former;
    if (is_other) plan(between(Duration::zero(), publish_wait_max), follow, node->number());
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
  plan(between(milliseconds(100), seconds(3)), serve, node.number());
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
    const bool was_dead = !node->is_alive();
    node->revive();
    node->heal();
    if (node->is_frozen()) node->thaw();
    if (node->number() == primary_) continue;
    const Duration wait = was_dead ? demotion_time_max : asked_demotion_time_max;
    plan(between(Duration::zero(), wait), follow, node->number());
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
