#include "plimsoll/tests/sim/cluster/cluster_reader.h"

#include <algorithm>

#include "plimsoll/core/client/cluster.h"
#include "plimsoll/tests/sim/group/places.h"
#include "plimsoll/tests/sim/group/replica_choices.h"

namespace plimsoll::sim {
namespace {

// Behind that of ClusterInjector.
constexpr std::uint64_t first_stream = 16;
constexpr std::uint64_t first_stream_of_cached = 64;

}  // namespace

ClusterReader::ClusterReader(Environment& environment, std::uint32_t number, ModelCluster& cluster,
                             const Driver& driver)
    : environment_(environment), number_(number), cluster_(cluster), driver_(driver) {
  Random random(environment.scenario.seed, Random::Purpose::cluster_replicas,
                first_stream + number);
  options_ = draw_replica_options(random);
}

bool ClusterReader::reads(const Environment& environment, std::uint32_t number, bool has_cache) {
  Random random(environment.scenario.seed, Random::Purpose::cluster_replicas,
                first_stream_of_cached + number);
  return !has_cache || random.one_in(2);
}

// By the client's clock, which may have stood still for one of its steps.
Duration ClusterReader::staleness_max() const { return options_.lag_max + driver_.clock_step(); }

void ClusterReader::begin() {
  known_.clear();
  reads_before_ = 0;
}

std::size_t ClusterReader::owner_to_client(SlotNumber slot) const {
  const Cluster* const known = driver_.cluster();
  if (known == nullptr) return no_server;
  const NodeNumber owner = known->owners().owner_of(static_cast<Slot>(slot));
  if (owner == no_node) return no_server;
  return server_at(known->owners().address_of(owner)).value_or(no_server);
}

// A client that hears of another owner takes nothing for proved of before. One that does not hear,
// because the slot is back, does not know that its keys were away. One that has heard of the owner
// must not forget it for an earlier one whom a late view names.
ClusterReader::Promise ClusterReader::look(SlotNumber slot) {
  Known& known = known_[slot];
  const std::size_t owner = owner_to_client(slot);
  const std::uint64_t changes = cluster_.owner_changes(slot);
  const Instant now = environment_.now();
  if (owner != known.owner) {
    known.missed_until = {};
  } else if (changes != known.changes) {
    known.missed_until = now + staleness_max();
  }
  known.owner = owner;
  known.changes = changes;
  const bool is_known = owner != no_server && owner == cluster_.owner(slot);
  if (is_known) known.heard = changes;
  const bool has_missed = now < known.missed_until;
  return {.own_writes = known.heard == changes && !has_missed, .lag_max = is_known && !has_missed};
}

// What was asked at T may be answered by a replica that is proved to have all that the owner had
// run when the client put its question to the owner, and that was at T - lag_max at the earliest.
void ClusterReader::check(RequestNumber found, std::string_view key, Instant asked_at) {
  const Instant oldest = asked_at - staleness_max();
  const WriteBook& writes = cluster_.writes();
  std::uint64_t settled = 0;
  for (const RequestNumber each : writes.of_key(key)) {
    if (writes.ran_at(each) > oldest || writes.is_lost(each)) continue;
    settled = std::max(settled, writes.sequence(each));
  }
  if (settled > 0) environment_.coverage.count(Deed::cluster_read_bound);
  environment_.referee.require(
      writes.sequence(found) >= settled,
      "what a replica answers is not older than lag_max against what the owner had", "client",
      number_);
}

// By zones, the owner may be the better choice for good; by latency, too. To a clock with long
// steps each proof is over at once.
bool ClusterReader::have_reads_returned() {
  const bool prefers_replicas =
      options_.read_from == ReadFrom::prefer_replica || options_.read_from == ReadFrom::az_affinity;
  const bool has_time = driver_.clock_step() < replica_lag_max_min;
  if (have_returned_ || !prefers_replicas || !has_time) return true;
  if (driver_.replica_counters().reads <= reads_before_) return false;
  have_returned_ = true;
  environment_.coverage.count(Deed::cluster_reads_returned);
  return true;
}

}  // namespace plimsoll::sim
