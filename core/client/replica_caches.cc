#include "plimsoll/core/client/replica_caches.h"

#include "plimsoll/core/client/invalidation.h"
#include "plimsoll/core/client/reply_source.h"

namespace plimsoll::inline v0 {
ReplicaCaches::ReplicaCaches(cache::Cache& cache, Fetches& fetches,
                             const std::atomic<CacheState>& state, Duration lag_max)
    : cache_(cache), fetches_(fetches), state_(state), lag_max_(lag_max) {}

bool ReplicaCaches::handle_event(std::uint32_t index, Session& session, const Event& event) {
  Replica& replica = replicas_[index];
  replica.user.handle_event(event);
  if (event.error != nullptr && ReplySource::is_about_rights(event)) drop(replica);
  const bool is_of_fetch = tags::is_fetch(event.tag);
  switch (event.kind) {
    case Event::Kind::ready: begin(replica, session); return false;
    case Event::Kind::pushed:
      if (is_of_fetch) {
        Fetches::take_part(event);
      } else if (event.value) {
        handle_push(index, *event.value);
      }
      return true;
    case Event::Kind::queueing_failed:
      if (is_of_fetch) Fetches::take_part(event);
      return is_of_fetch;
    case Event::Kind::completed:
    case Event::Kind::failed:
    case Event::Kind::credentials_refused:
    case Event::Kind::disconnected:
    case Event::Kind::closed:
    case Event::Kind::admitted: return false;
  }
  return false;
}

// What is read at a replica without tracking is stored only if time alone bounds the client's
// entries.
void ReplicaCaches::begin(Replica& replica, Session& session) {
  end(replica);
  replica.user.begin();
  const bool is_tracked = session.tracking().state == Tracking::State::tracked;
  if (!is_tracked || cache_.options().mode == cache::CacheMode::ttl) return;
  if (!replica.connection) {
    const Result<std::uint32_t> member = cache_.join();
    if (!member) return;
    replica.connection.emplace(cache_, *member, std::string_view());
  }
  replica.connection->begin_unproved(session);
}

// Until there is a proof again, the replica is not read. A fetch that is under way is not stored.
void ReplicaCaches::drop(Replica& replica) {
  if (replica.connection) replica.connection->renew_unproved();
  replica.has_entries = false;
  has_ends_ = true;
}

void ReplicaCaches::end(Replica& replica) {
  if (replica.connection) replica.connection->end();
  replica.has_entries = false;
  has_ends_ = true;
}

// A proof counts from before the lease by so much that both are over at the same time, the lease
// after that and lag_max after `as_of`.
void ReplicaCaches::follow(std::uint32_t index, const Session& session,
                           const ReplicationProof& proved) {
  Replica& replica = replicas_[index];
  replica.user.follow(session);
  follow_connection(index);
  if (!replica.connection || !replica.connection->is_tracked()) return;
  if (proved.as_of == Instant::min()) {
    const cache::Generations& generations = cache_.generations();
    if (generations.proved_at(member(index)) != Instant::min()) drop(replica);
    return;
  }
  const Duration earlier = cache_.options().coherence_lease - served_for();
  replica.connection->prove_until({proved.as_of - earlier, proved.asked_after});
}

void ReplicaCaches::follow_connection(std::uint32_t index) {
  Replica& replica = replicas_[index];
  if (!replica.connection) return;
  switch (replica.connection->follow()) {
    case TrackedConnection::Change::none: break;
    case TrackedConnection::Change::ended: end(replica); break;
    case TrackedConnection::Change::unheard: forget_all(index); break;
  }
}

void ReplicaCaches::follow_all() {
  for (std::uint32_t i = 0; i < replicas_max; ++i) follow_connection(i);
}

void ReplicaCaches::handle_push(std::uint32_t index, const Value& push) {
  const auto node = static_cast<NodeNumber>(index);
  const Invalidation what = for_each_invalidated(push, [this, node](std::string_view key) {
    fetches_.update_tickets(cache_, cache_.invalidate(key), node);
  });
  if (what == Invalidation::all_keys) forget_all(index);
}

void ReplicaCaches::forget_all(std::uint32_t index) {
  const auto node = static_cast<NodeNumber>(index);
  fetches_.update_tickets(cache_, cache_.invalidate_all(member(index)), node);
  has_ends_ = true;
}

void ReplicaCaches::note_gone_on(Tag tag) {
  if (!tags::is_fetch(tag)) return;
  Fetches::Fetch& fetch = Fetches::fetch_of(tag);
  fetch.node = Fetches::elsewhere;
  fetch.is_at_replica = false;
  fetch.ticket.is_storable = false;
  fetch.is_sealed = true;
  fetch.asked = {};
  fetch.bytes_in_front = 0;
}

Instant ReplicaCaches::wanted_by(Tag tag, Instant deadline) {
  if (!tags::is_fetch(tag)) return deadline;
  const Fetches::Fetch& fetch = Fetches::fetch_of(tag);
  return fetch.waiters == nullptr ? deadline : fetch.waiters->deadline;
}

bool ReplicaCaches::have_entries() const {
  return std::any_of(replicas_.begin(), replicas_.end(),
                     [](const Replica& each) { return each.has_entries; });
}

bool ReplicaCaches::may_store(NodeNumber index) const {
  if (index >= replicas_max || replicas_[index].user.is_former()) return false;
  return member(index) != cache::Generations::untracked ||
         state_.load(std::memory_order_relaxed) == CacheState::ttl;
}

}  // namespace plimsoll::inline v0
