#include "plimsoll/tests/sim/scenario.h"

#include <algorithm>
#include <array>

#include "plimsoll/tests/sim/leaning.h"
#include "plimsoll/tests/sim/random.h"

namespace plimsoll::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

FaultSet draw_faults(Random& random) {
  FaultSet faults;
  const std::uint64_t kind = random.below(8);
  if (kind == 0) return faults;
  if (kind >= 6) return FaultSet::all();
  if (kind == 5) {  // each or not
    for (std::size_t i = 0; i < faults_without_group_count; ++i) {
      if (random.one_in(2)) faults.add(static_cast<Fault>(i));
    }
    return faults;
  }
  for (std::uint64_t left = random.between(1, 4); left > 0; --left) {
    faults.add(static_cast<Fault>(random.below(faults_without_group_count)));
  }
  return faults;
}

// What can strike in a world with a group. Others would hide what only the group's can show: a lie
// excuses a client from nearly everything.
constexpr std::array group_faults = {Fault::failover,
                                     Fault::primary_killed,
                                     Fault::primary_frozen,
                                     Fault::old_primary_back,
                                     Fault::sentinel_killed,
                                     Fault::sentinel_frozen,
                                     Fault::cut_from_sentinels,
                                     Fault::late_sentinel,
                                     Fault::late_primary,
                                     Fault::latency,
                                     Fault::splits,
                                     Fault::small_buffers,
                                     Fault::reset,
                                     Fault::cancel,
                                     Fault::short_deadline,
                                     Fault::freeze};

// What those meet who read from replicas.
constexpr std::array replica_faults = {
    Fault::replica_lags,     Fault::replica_loading,  Fault::replica_link_down,
    Fault::replica_cut,      Fault::replica_frozen,   Fault::replica_restarted,
    Fault::replica_unlisted, Fault::replica_promoted, Fault::info_refused};

Scenario group_of_seed(std::uint64_t seed) {
  Random random(seed, Random::Purpose::group);
  Scenario scenario{.seed = seed, .size = Scenario::Size::group};
  scenario.clients = random.between(1, 3);
  scenario.servers = random.between(2, 3);
  scenario.requests = random.between(20, 200);
  const std::uint64_t kept = random.below(4);  // of four
  for (const Fault fault : group_faults) {
    if (kept == 0 || random.percent(25 * kept)) scenario.faults.add(fault);
  }
  scenario.fault_interval = random.between(milliseconds(200), seconds(4));
  for (const Fault fault : replica_faults) {
    if (kept == 0 || random.percent(25 * kept)) scenario.faults.add(fault);
  }
  scenario.time_max = seconds(40);
  return scenario;
}

// In some worlds nothing else goes wrong with a cluster: then pushes come at once.
constexpr std::array slot_faults = {
    Fault::slot_migrated, Fault::slot_called_off,    Fault::source_told_first,
    Fault::slot_unserved, Fault::slot_moved_at_once, Fault::slot_taken_over,
    Fault::cancel};

// In others, servers are cut off and that is all: then what they vouch for is seen to end in time.
constexpr std::array cut_faults = {Fault::node_cut, Fault::cancel};

constexpr std::array cluster_faults = {
    Fault::slot_migrated, Fault::slot_called_off, Fault::source_told_first,
    Fault::slot_moved_at_once, Fault::slot_unserved, Fault::handover, Fault::node_killed,
    Fault::node_frozen, Fault::node_cut, Fault::late_gossip, Fault::odd_view,
    // Of the others, as for a group.
    Fault::latency, Fault::splits, Fault::small_buffers, Fault::reset, Fault::cancel,
    Fault::short_deadline, Fault::freeze, Fault::slot_taken_over};

// Drawn with numbers of their own, because those of all other choices are what mutants are caught
// by.
constexpr std::array faults_of_replicas = {Fault::replica_lags, Fault::replica_link_down,
                                           Fault::replica_frozen, Fault::replica_restarted,
                                           Fault::info_refused};

Scenario cluster_of_seed(std::uint64_t seed) {
  Random random(seed, Random::Purpose::cluster);
  Scenario scenario{.seed = seed, .size = Scenario::Size::cluster};
  scenario.clients = random.between(1, 3);
  scenario.servers = random.between(2, 4);
  scenario.requests = random.between(20, 400);
  const std::uint64_t kept = random.below(6);  // of four; or only those of slots, or cuts
  if (kept == 4) {
    for (const Fault fault : slot_faults) scenario.faults.add(fault);
  } else if (kept == 5) {
    for (const Fault fault : cut_faults) scenario.faults.add(fault);
    // Someone has to write while a server is replaced, and after that.
    scenario.requests = random.between(200, 600);
  } else {
    for (const Fault fault : cluster_faults) {
      if (kept == 0 || random.percent(25 * kept)) scenario.faults.add(fault);
    }
  }
  Random of_replicas(seed, Random::Purpose::cluster_replicas);
  for (const Fault fault : faults_of_replicas) {
    if (kept == 0 || (kept < 4 && of_replicas.percent(25 * kept))) scenario.faults.add(fault);
  }
  scenario.fault_interval = random.between(milliseconds(20), seconds(1));
  scenario.time_max = seconds(40);
  // Nothing is news to one who is alone.
  if (kept >= 4) scenario.clients = std::max<std::size_t>(scenario.clients, 2);
  return scenario;
}

std::string in_milliseconds(Duration time) { return std::to_string(time / milliseconds(1)); }

}  // namespace

Scenario Scenario::of_seed(std::uint64_t seed, Size size) {
  if (size == Size::group) return group_of_seed(seed);
  if (size == Size::cluster) return cluster_of_seed(seed);
  Random random(seed, Random::Purpose::scenario);
  Scenario scenario{.seed = seed, .size = size};
  const bool small = size == Size::small;
  scenario.servers = random.one_in(3) ? 2 : 1;
  scenario.requests = small ? random.between(1, 24) : random.between(20, 600);
  scenario.faults = draw_faults(random);
  // Memory is short when several want it.
  const std::size_t few = scenario.faults.has(Fault::tight_limit) ? 4 : 2;
  scenario.clients = random.between(1, small ? few : 8);
  // Nothing is news to one who is alone: there are two who read, and one who writes.
  if (has_writers(leaning_of(seed))) {
    scenario.clients = std::max<std::size_t>(scenario.clients, 3);
  }
  // Somebody has to be there for long enough to come back often.
  if (leaning_of(seed) == Leaning::returns) {
    scenario.requests = std::max<std::size_t>(scenario.requests, 60);
  }
  scenario.fault_interval = random.between(milliseconds(1), milliseconds(small ? 50 : 200));
  scenario.time_max = seconds(small ? 10 : 60);
  return scenario;
}

std::string Scenario::arguments() const {
  const Scenario drawn = of_seed(seed, size);
  std::string text = "--seed " + std::to_string(seed);
  if (size == Size::small) text += " --small";
  if (size == Size::group) text += " --group";
  if (size == Size::cluster) text += " --cluster";
  if (clients != drawn.clients) text += " --clients " + std::to_string(clients);
  if (servers != drawn.servers) text += " --servers " + std::to_string(servers);
  if (requests != drawn.requests) text += " --requests " + std::to_string(requests);
  if (faults != drawn.faults) text += " --faults " + faults.names();
  if (fault_interval != drawn.fault_interval) {
    text += " --interval-ms " + in_milliseconds(fault_interval);
  }
  if (time_max != drawn.time_max) text += " --time-max-ms " + in_milliseconds(time_max);
  return text;
}

}  // namespace plimsoll::sim
