#include "plimsoll/tests/sim/cluster/model_cluster.h"

#include <algorithm>

#include "plimsoll/tests/sim/client/request.h"

namespace plimsoll::sim {
namespace {

// What a replica waits at most before it is given all that its new primary has.
constexpr Duration synchronization_time_max = std::chrono::milliseconds(900);

}  // namespace

ModelCluster::ModelCluster(Environment& environment, std::size_t primaries, std::size_t replicas)
    : environment_(environment),
      random_(environment.scenario.seed, Random::Purpose::cluster, 1),
      has_busy_slot_(random_.one_in(3)) {
  const std::size_t count = primaries * (1 + replicas);
  for (std::size_t i = 0; i < count; ++i) {
    servers_.push_back(
        std::make_unique<ClusterServer>(environment, *this, static_cast<std::uint32_t>(i)));
    primaries_.push_back(i % primaries);
    if (i < primaries) continue;
    servers_[i]->replica_of = i % primaries;
    servers_[i]->copy_all(*servers_[i % primaries]);
  }
  news_delays_.resize(count);
  for (std::size_t slot = 0; slot < all_slots_count; ++slot) {
    owners_[slot] = static_cast<std::uint16_t>(slot * primaries / all_slots_count);
  }
  for (std::size_t i = 0; i < count; ++i) learn(i);
}

RequestNumber ModelCluster::write_of(const std::optional<std::string>& value) {
  return value ? mark_of(*value).number : 0;
}

std::optional<std::string> ModelCluster::truth(const std::string& key) const {
  const SlotNumber slot = slot_of_key(key);
  if (owners_[slot] == no_server) return std::nullopt;
  const ClusterServer& owner = server(owners_[slot]);
  const auto value = owner.value_of(key);
  const auto to = owner.migrating.find(slot);
  return value || to == owner.migrating.end() ? value : server(to->second).value_of(key);
}

bool ModelCluster::is_true_at(const ClusterServer& where, SlotNumber slot, bool is_asking) const {
  if (owners_[slot] == where.number()) return true;
  const auto from = where.importing.find(slot);
  return is_asking && from != where.importing.end() && from->second == owners_[slot];
}

void ModelCluster::note_change(ClusterServer& where, const std::vector<std::string>& keys,
                               RequestNumber number, bool is_asking) {
  for (const std::string& key : keys) {
    replicate(where, key);
    if (number == 0) continue;
    const bool survives = is_true_at(where, slot_of_key(key), is_asking);
    writes_.note_run(number, key, where.number(),
                     survives ? WriteBook::Survives::yes : WriteBook::Survives::no,
                     environment_.now());
  }
}

void ModelCluster::replicate(ClusterServer& where, const std::string& key) {
  where.note_written();
  for (const auto& each : servers_) {
    const bool is_replica = each->replica_of == where.number() && each->is_synchronized;
    if (is_replica) each->receive(key, where.value_of(key), where);
  }
}

void ModelCluster::mend_links(std::size_t number) {
  for (const auto& each : servers_) {
    const bool is_concerned = each->number() == number || each->replica_of == number;
    if (!is_concerned || !each->replica_of || !each->is_synchronized || each->has_link()) continue;
    const std::size_t primary = *each->replica_of;
    if (!is_primary(primary) || !each->is_well() || !server(primary).is_well()) continue;
    follow(*each, primary);
  }
}

void ModelCluster::put(ClusterServer& where, const std::string& key,
                       const std::optional<std::string>& value) {
  value ? where.put(key, *value) : where.drop(key);
  replicate(where, key);
}

void ModelCluster::move(ClusterServer& from, ClusterServer& to, const std::string& key) {
  const auto value = from.value_of(key);
  if (!value) return;
  environment_.note("slot", slot_of_key(key), "has a key that goes from % to %", from.number(),
                    to.number());
  put(to, key, value);
  put(from, key, std::nullopt);
}

bool ModelCluster::is_migrating(SlotNumber slot) const {
  return owners_[slot] != no_server && server(owners_[slot]).migrating.contains(slot);
}

bool ModelCluster::can_go_on(SlotNumber slot) const {
  return std::all_of(servers_.begin(), servers_.end(), [slot](const auto& each) {
    const bool has_part = each->migrating.contains(slot) || each->importing.contains(slot);
    return !has_part || each->replica_of || each->is_well();
  });
}

// CLUSTER SETSLOT is a write: it reaches those who get all that the primary runs.
template <class Visit>
void ModelCluster::for_each_told(const ClusterServer& primary, Visit&& visit) {
  for (const auto& each : servers_) {
    const bool is_told = each->replica_of == primary.number() && each->is_synchronized &&
                         each->has_link() && each->is_well() && primary.is_well();
    if (is_told) visit(*each);
  }
}

void ModelCluster::start_migration(SlotNumber slot, std::size_t to) {
  server(to).importing[slot] = owners_[slot];
  ClusterServer& from = server(owners_[slot]);
  from.migrating[slot] = to;
  for_each_told(from, [=](ClusterServer& replica) { replica.migrating[slot] = to; });
}

bool ModelCluster::move_key(SlotNumber slot) {
  ClusterServer& from = server(owners_[slot]);
  for (const std::string& key : keys_of_slot(slot)) {
    if (!from.value_of(key)) continue;
    move(from, server(from.migrating.at(slot)), key);
    return true;
  }
  return false;
}

void ModelCluster::set_owner(SlotNumber slot, std::size_t owner) {
  owners_[slot] = static_cast<std::uint16_t>(owner);
  ++owner_changes_[slot];
}

void ModelCluster::tell_replicas(const ClusterServer& primary, SlotNumber slot) {
  for_each_told(primary, [&](ClusterServer& replica) {
    replica.view[slot] = primary.view[slot];
    replica.migrating.erase(slot);
  });
}

// It says MOVED from now on. The target may have been told before.
void ModelCluster::finish_at_source(SlotNumber slot, std::size_t from) {
  ClusterServer& source = server(from);
  const auto found = source.migrating.find(slot);
  if (found == source.migrating.end()) return;
  const std::size_t to = found->second;
  for (const std::string& key : keys_of_slot(slot)) move(source, server(to), key);
  source.view[slot] = static_cast<std::uint16_t>(to);
  source.migrating.erase(slot);
  tell_replicas(source, slot);
}

// It is the owner from now on, and says so to whoever asks it.
void ModelCluster::finish_at_target(SlotNumber slot) {
  for (const auto& each : servers_) {
    const auto found = each->importing.find(slot);
    if (found == each->importing.end()) continue;
    ClusterServer& from = server(found->second);
    for (const std::string& key : keys_of_slot(slot)) move(from, *each, key);
    set_owner(slot, each->number());
    each->view[slot] = owners_[slot];
    each->importing.erase(slot);
    return tell_replicas(*each, slot);
  }
}

void ModelCluster::call_off(SlotNumber slot) {
  ClusterServer& owner = server(owners_[slot]);
  ClusterServer& to = server(owner.migrating.at(slot));
  for (const std::string& key : keys_of_slot(slot)) move(to, owner, key);
  owner.migrating.erase(slot);
  to.importing.erase(slot);
  // Replicas hear of it behind the keys.
  for (const auto& each : servers_) {
    if (each->replica_of == owner.number()) each->receive_stable(slot, owner);
  }
}

void ModelCluster::end_migration(SlotNumber slot) {
  for (const auto& each : servers_) {
    each->migrating.erase(slot);
    each->importing.erase(slot);
  }
}

// The new owner may have keys of an earlier time at which the slot was its own, but those were
// dropped when it heard that it had lost the slot.
void ModelCluster::take_over(SlotNumber slot, std::size_t to) {
  const std::size_t from = owners_[slot];
  set_owner(slot, to);
  server(to).view[slot] = owners_[slot];
  learn(from);
  recount();
}

void ModelCluster::unassign(SlotNumber slot) {
  end_migration(slot);
  set_owner(slot, no_server);
}

void ModelCluster::assign(SlotNumber slot, std::size_t to) {
  set_owner(slot, to);
  recount();
}

ClusterServer* ModelCluster::successor_of(std::size_t primary) {
  ClusterServer* best = nullptr;
  for (const auto& each : servers_) {
    const bool is_candidate =
        each->number() != primary && primaries_[each->number()] == primary && each->is_well();
    if (!is_candidate || each->replica_of != primary || !each->is_synchronized) continue;
    if (best == nullptr || each->changes_count() > best->changes_count()) best = each.get();
  }
  return best;
}

bool ModelCluster::has_majority() const {
  std::size_t well = 0;
  std::size_t all = 0;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (!is_primary(i)) continue;
    ++all;
    if (servers_[i]->is_well()) ++well;
  }
  return 2 * well > all;
}

// What had come is dropped, lest it comes back with the slot's next move.
void ModelCluster::end_import(SlotNumber slot) {
  for (const auto& each : servers_) {
    if (each->importing.erase(slot) == 0) continue;
    for (const std::string& key : keys_of_slot(slot)) put(*each, key, std::nullopt);
  }
}

// The moves of its slots end, as far as others have a part in them: it does not know yet itself.
// What had left is lost.
void ModelCluster::promote(ClusterServer& replica) {
  const std::size_t former = *replica.replica_of;
  environment_.note("server", replica.number(), "is promoted in place of %", former);
  for (std::size_t slot = 0; slot < all_slots_count; ++slot) {
    if (owners_[slot] != former) continue;
    end_import(static_cast<SlotNumber>(slot));
    set_owner(static_cast<SlotNumber>(slot), replica.number());
  }
  take_over_imports(replica, former);
  for (std::size_t i = 0; i < primaries_.size(); ++i) {
    if (primaries_[i] == former) primaries_[i] = replica.number();
  }
  replica.end_stream();
  replica.migrating.clear();
  replica.begin_history();
  learn(replica.number());
  recount();
}

// What comes to the former primary comes to its successor now, as from Valkey 8.0 on.
void ModelCluster::take_over_imports(ClusterServer& successor, std::size_t former) {
  successor.importing = server(former).importing;
  server(former).importing.clear();
  // A source that was told of the move's end first names the successor, and not itself again.
  for (const auto& [slot, from] : successor.importing) {
    std::uint16_t& named = server(from).view[slot];
    if (named == former) named = static_cast<std::uint16_t>(successor.number());
  }
  for (const auto& each : servers_) {
    for (auto& [slot, to] : each->migrating) {
      if (to == former) to = successor.number();
    }
  }
}

void ModelCluster::recount() {
  const std::uint64_t before = writes_.acknowledged_and_lost();
  for (std::size_t i = 0; i < cluster_keys_count; ++i) {
    const std::string key = cluster_key(i);
    if (owners_[slot_of_key(key)] == no_server) continue;
    writes_.lose_after(key, write_of(truth(key)));
  }
  environment_.coverage.count(Deed::ack_lost, writes_.acknowledged_and_lost() - before);
}

void ModelCluster::tell_all(Duration time_max) {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    tell(i, random_.between(Duration::zero(), time_max));
  }
}

void ModelCluster::tell(std::size_t server, Duration wait) {
  environment_.schedule.plan(wait + news_delays_[server], *this, hear, server);
}

void ModelCluster::handle(std::uint32_t what, std::uint64_t detail) {
  switch (static_cast<Plan>(what)) {
    case hear: return learn(detail);
    case synchronize: {
      ClusterServer& told = server(detail);
      if (!told.is_alive() || !told.replica_of || told.is_synchronized) return;
      ClusterServer& primary = server(*told.replica_of);
      if (told.is_well() && primary.is_well()) return told.copy_all(primary);
      return environment_.schedule.plan(synchronization_time_max, *this, synchronize, detail);
    }
  }
}

void ModelCluster::learn(std::size_t number) {
  ClusterServer& told = server(number);
  if (!told.is_well()) return;
  told.is_down = false;
  const std::size_t primary = primaries_[number];
  if (primary == number) {
    told.replica_of.reset();
    told.is_synchronized = true;
  } else if (told.replica_of != primary) {
    follow(told, primary);
  }
  for (std::size_t slot = 0; slot < all_slots_count; ++slot) {
    learn_slot(told, static_cast<SlotNumber>(slot));
  }
}

// A server that learns of another owner ends its own part in a migration, and a primary drops what
// it still has. A source that was told first goes on naming the target, and so do its replicas.
void ModelCluster::learn_slot(ClusterServer& told, SlotNumber slot) {
  const std::uint16_t owner = owners_[slot];
  const std::uint16_t named = told.view[slot];
  if (named == owner) return;
  if (named != no_server && (owner == told.number() || told.replica_of == owner)) {
    const auto import = server(named).importing.find(slot);
    if (import != server(named).importing.end() && import->second == owner) return;
  }
  told.view[slot] = owner;
  if (named == told.number() && owner != no_server && !told.replica_of) {
    for (const std::string& key : keys_of_slot(slot)) put(told, key, std::nullopt);
  }
  owner == told.number() ? told.importing.erase(slot) : told.migrating.erase(slot);
}

void ModelCluster::follow(ClusterServer& told, std::size_t primary) {
  environment_.note("server", told.number(), "becomes a replica of %", primary);
  told.replica_of = primary;
  told.is_synchronized = false;
  told.end_stream();
  const Duration wait = random_.between(Duration::zero(), synchronization_time_max);
  environment_.schedule.plan(wait, *this, synchronize, told.number());
}

}  // namespace plimsoll::sim
