#include "plimsoll/core/client/fetch_servers.h"

#include <optional>

#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/client/node_caches.h"
#include "plimsoll/core/client/parked_failure.h"
#include "plimsoll/core/client/replica_caches.h"
#include "plimsoll/core/client/replicas.h"

namespace plimsoll::inline v0 {

bool FetchServers::cluster_reads_replicas() const { return cluster_->replicas() != nullptr; }

// What a client has heard beside its reads, the replica must have, too.
std::optional<FetchServers::Target> FetchServers::choose(const commands::Question& question,
                                                         const CommandView& command, Instant now,
                                                         Duration max_staleness,
                                                         cache::Mark after) {
  if (cluster_ != nullptr) return choose_in_cluster(question, command, now, max_staleness);
  if (max_staleness != cache::any_staleness) return std::nullopt;
  const auto index = replicas_->choose(command, now, after);
  if (!index) return std::nullopt;
  const auto node = static_cast<NodeNumber>(*index);
  return Target{.node = node,
                .member = replica_caches_->member(node),
                .may_store = replica_caches_->may_store(node),
                .is_replica = true};
}

std::optional<FetchServers::Target> FetchServers::choose_in_cluster(
    const commands::Question& question, const CommandView& command, Instant now,
    Duration max_staleness) {
  const Slot slot = slot_of_key(question.key);
  for (const std::string_view key : question.more_keys) {
    if (slot_of_key(key) != slot) return several_targets();
  }
  NodeNumber node = no_node;
  if (max_staleness == cache::any_staleness) node = cluster_->replica_for(command, slot, now);
  if (node == no_node) node = cluster_->owner_of(slot);
  if (node == no_node) return Target{.slot = slot};
  return Target{.node = node,
                .slot = slot,
                .member = nodes_->member(node),
                .may_store = nodes_->may_store(node),
                .is_replica = nodes_->is_replica(node)};
}

// The parts of an MGET have nothing in front of them that the cache could use.
std::optional<FetchServers::Target> FetchServers::several_targets() const {
  const bool opts_in = main_.options().tracking.method == TrackingOptions::Method::opt_in;
  if (opts_in || cache_.options().server_ttl_cap) return std::nullopt;
  return Target{.may_store = true, .is_scattered = true};
}

bool FetchServers::may_answer(const Fetches::Fetch& fetch, Instant now, cache::Mark after) const {
  return cluster_ != nullptr ? cluster_->may_answer(fetch.node, fetch.slot, now, after)
                             : replicas_->may_answer(fetch.node, now, after);
}

void FetchServers::judge_outcome(Fetches::Fetch& fetch) {
  const bool may_store = cluster_ != nullptr ? fetch.is_scattered || nodes_->may_store(fetch.node)
                                             : replica_caches_->may_store(fetch.node);
  if (!may_store) fetch.ticket.is_storable = false;
}

void FetchServers::note_stored(const Fetches::Fetch& fetch) {
  cluster_ != nullptr ? nodes_->note_stored(fetch.node) : replica_caches_->note_stored(fetch.node);
}

Result<RequestId> FetchServers::submit_to_several(const CommandView& command, Instant now,
                                                  Instant deadline, Tag tag, Duration max_staleness,
                                                  cache::Mark after) {
  if (cluster_ != nullptr) return cluster_->submit(command, now, deadline, tag, max_staleness);
  return max_staleness == cache::any_staleness
             ? replicas_->submit(command, now, deadline, tag, after)
             : replicas_->submit_to_primary(command, deadline, tag);
}

Result<RequestId> FetchServers::submit_fetch_to_several(const Fetches::Fetch& fetch,
                                                        const CommandView& command) {
  const Tag tag = Fetches::tag_of(fetch);
  if (cluster_ != nullptr) return submit_fetch_to_cluster(fetch, command, tag);
  if (fetch.is_at_replica) return replicas_->submit_fetch(fetch.node, command, tag);
  replicas_->take_places();
  return main_.submit_owed(command, never, tag);
}

// Which server has answered a key of an MGET over slots is known only if all of them are owners.
Result<RequestId> FetchServers::submit_fetch_to_cluster(const Fetches::Fetch& fetch,
                                                        const CommandView& command, Tag tag) {
  const Instant now = fetch.ticket.began_at;
  if (fetch.is_scattered) return cluster_->submit(command, now, never, tag, Duration::zero());
  return fetch.is_at_replica ? cluster_->submit_fetch(fetch.node, fetch.slot, command, now, tag)
                             : cluster_->submit_to_slot(fetch.slot, command, now, never, tag);
}

void FetchServers::cancel(RequestId request) {
  const Instant time = now();
  std::optional<RequestId> on_main = request;
  if (cluster_ != nullptr) on_main = cluster_->cancel(request, time);
  if (replicas_ != nullptr) on_main = replicas_->cancel(request, time);
  if (on_main) main_.cancel(*on_main, time);
}

bool FetchServers::was_exposed_of_several(RequestId request) const {
  return cluster_ != nullptr ? cluster_->was_exposed(request) : replicas_->was_exposed(request);
}

const char* FetchServers::deadline_passed_at_several(const Fetches::Fetch& fetch) {
  if (fetch.is_scattered) return ParkedFailure::parts_deadline_passed;
  return cluster_ != nullptr ? cluster_->deadline_passed(fetch.request) : main_.deadline_passed();
}

Instant FetchServers::now_of_several() const {
  return cluster_ != nullptr ? cluster_->now() : replicas_->now();
}

std::size_t FetchServers::in_flight_elsewhere() const {
  return cluster_ != nullptr ? cluster_->in_flight() : replicas_->in_flight();
}

bool FetchServers::are_several_full() const {
  if (cluster_ != nullptr) return cluster_->may_be_full();
  replicas_->take_places();
  return main_.is_full();
}

void FetchServers::note_waiters_of_several(std::size_t count) {
  cluster_ != nullptr ? cluster_->take_places(count) : replicas_->note_waiters(count);
}

}  // namespace plimsoll::inline v0
