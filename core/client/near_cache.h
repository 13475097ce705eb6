#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/core/base/clock_step.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/cache_state.h"
#include "plimsoll/core/client/fetch_servers.h"
#include "plimsoll/core/client/fetches.h"
#include "plimsoll/core/client/reply_source.h"
#include "plimsoll/core/client/resumption.h"
#include "plimsoll/core/client/side_connections.h"
#include "plimsoll/core/client/side_fences.h"
#include "plimsoll/core/client/tracked_connection.h"
#include "plimsoll/core/client/write_fences.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/resp/wire_value.h"
#include "plimsoll/core/session/session.h"

// One client's part in a cache: its fetches, its writes, and what its connections vouch for. It
// handles every event of the main session before users get it, and does not pass invalidations on.
// docs/caching.md has the rules that make the cache coherent.
//
// Without a cluster all keys are read on the main connection (`connection_`). In a cluster each
// node's connection vouches for what was read there (NodeCaches), also if that is a replica, and
// Cluster decides where a fetch goes. A client that reads from the replicas of one primary has the
// main connection for that, ReplicaCaches for the others, and Replicas decides.
//
// Invariants:
//  - While a write is under way, its keys are fenced: no entry of them is served.
//  - A fetch (fetches.h) is completed once: its outcome is delivered to all its waiters before the
//    session is asked for its next event, because the reply lives only until then.

namespace plimsoll::inline v0 {

class Cluster;
class NodeCaches;
class ReplicaCaches;
class Replicas;

class NearCache {
 public:
  /// The cache, the session and the accounts must outlive this object. `member` is the client's
  /// number in `cache` (Cache::join()). `place` and `clock_step` are as in Client::use_cache().
  NearCache(cache::Cache& cache, std::uint32_t member, std::string_view place, Duration clock_step,
            Session& main, Account& requests, Account& replies);
  ~NearCache();
  NearCache(const NearCache&) = delete;
  NearCache& operator=(const NearCache&) = delete;

  using State = CacheState;
  State state() const { return state_.load(std::memory_order_relaxed); }

  /// The client's servers are the nodes of a cluster, which must outlive this object. Nothing was
  /// fetched yet. Error: out_of_memory.
  Status use_cluster(Cluster& cluster);
  /// The client reads from replicas, which must outlive this object. Call it before the main
  /// session connects. Error: out_of_memory.
  Status use_replicas(Replicas& replicas, Duration lag_max);
  /// Of use_cluster(); null before.
  NodeCaches* nodes() const { return nodes_.get(); }

  /// The client goes to another server from now on: nothing of the one before is served.
  void leave_server() { source_.leave(); }

  /// The client has ended, and asks for no more time than it needs to give back what only it could
  /// reach. The other entries' time is a matter of the cache's other clients.
  void handle_end() { is_over_ = true; }

  cache::Cache& cache() const { return cache_; }

  /// The freshness that a read with `max_staleness` needs if it is called at `now`. From any
  /// thread.
  cache::Freshness freshness(Duration max_staleness, Instant now) const {
    if (max_staleness == cache::any_staleness) return {.after = side_delivery()};
    const Duration step = clock_step_.value();
    if (max_staleness <= step) return {.after = cache_.next_mark()};
    // A bound overrules what was told beside, but not a barrier that has ended: replicas' entries
    // are only held against its mark, and the bound alone would let older ones through.
    return {.since = now - max_staleness + step, .after = barrier_.load(std::memory_order_acquire)};
  }

  /// What the cache may serve to a lookup of this client. From any thread.
  cache::Cache::Reader reader(Duration max_staleness, Instant now) const {
    return reader(freshness(max_staleness, now));
  }
  cache::Cache::Reader reader(const cache::Freshness& fresh) const {
    return {.source = source_.number(),
            .takes_untracked = state() == State::ttl,
            .fresh = fresh,
            .clock_step = clock_step_.value(),
            .is_of_cluster = is_of_cluster_.load(std::memory_order_relaxed)};
  }

  /// Submits a command on the main connection, or to the cluster. A cacheable read becomes a fetch,
  /// or joins one that is under way; a write fences its keys. Errors as for Session::submit().
  ///
  /// A read's reply was true at most `max_staleness` before the call. If the cache has an entry
  /// without a proof that is recent enough, the client asks for a proof instead of the reply.
  Result<RequestId> submit(const CommandView& command, Instant now, Instant deadline, Tag tag,
                           Duration max_staleness = cache::any_staleness);

  /// Client::prove().
  Result<RequestId> prove(Instant now, Instant deadline, Tag tag);

  /// Fences the keys of a command that was staged elsewhere: note_staged() for the main connection
  /// or a node of a cluster, note_admitted() for a waiter there, note_side_request() for a side
  /// connection.
  void note_staged(const CommandView& command, RequestId id);
  void note_admitted(const CommandView& command, RequestId waiter, RequestId id);
  void note_side_request(const CommandView& command, RequestId id) {
    side_writes_.begin(command, id);
  }

  /// note_waits(): fences the keys of a command that waits for room as `id`. handle_first_waits():
  /// ends the fences of all waiters before `first`.
  void note_waits(const CommandView& command, RequestId id) { waiting_.begin(command, id); }
  void handle_first_waits(RequestId first) { waiting_.end_until(first); }

  /// Call this before a side connection's value is delivered. A read after the delivery must not
  /// return anything older than the value, but invalidations come on the main connection, perhaps
  /// later. So reads from now on accept only entries with a later proof.
  void note_side_delivery() { side_delivery_.store(cache_.next_mark(), std::memory_order_release); }

  void cancel(RequestId id) { fetches_.cancel(id); }

  /// Client::set_shown().
  void set_shown(std::string_view text) { source_.set_shown(text); }
  /// The main connection is open, and its handshake begins.
  void handle_opened() { source_.handle_opened(); }
  /// Call this before the session gets new credentials.
  void handle_credentials(const Credentials& credentials) {
    source_.handle_credentials(credentials);
  }
  /// Handles an event with an error, from any connection of the client. If the server says that the
  /// user lacks a right, this drops the user's entries.
  void note_refusal(const Event& event) {
    if (source_.drop_if_refused(event)) has_to_relieve_ = true;
  }

  /// Returns the next event that must be delivered before the session is asked again.
  std::optional<Event> poll_event();

  /// Handles an event of the main session; returns the event to deliver to users, if any.
  std::optional<Event> handle_event(const Event& event);
  /// Handles an outcome that the cluster, or a replica, reports; returns the event to deliver to
  /// users, if any.
  std::optional<Event> handle_outcome(const Event& event);

  /// Whether the last event's reply will be delivered to another waiter, too, so it must not be
  /// moved.
  bool delivers_again() const { return completed_ != nullptr && completed_->waiters != nullptr; }

  /// The last event's reply if it came from the cache; otherwise empty.
  std::string_view cached_reply() const {
    return {static_cast<const char*>(cached_.data()), cached_.size()};
  }

  /// Call this after anything that may have changed the main session's state.
  void follow_session();
  /// The same for all connections: one has ended, or all do.
  void follow_connections();
  /// Call this after anything that may have changed the side connections' state.
  void follow_side_connections(const SideConnections& sides) { side_writes_.follow(sides); }

  /// There was no memory to read to, or the connection is read again.
  void set_readable(ConnectionId connection, bool readable);

  void handle_timeout(Instant now);
  Instant poll_timeout();

  /// CHECKs all that must hold between calls.
  void validate() const { fetches_.validate(); }

 private:
  using Staged = TrackedConnection::Staged;
  static constexpr std::string_view encoded_ping = "*1\r\n$4\r\nPING\r\n";

  using Target = FetchServers::Target;
  std::optional<Target> target_of(const commands::Question& question, const CommandView& command,
                                  Instant now, Duration max_staleness);
  bool is_tracked(const Fetches::Fetch& fetch) const {
    return fetch.ticket.stamp.member != cache::Generations::untracked;
  }

  bool may_track(std::string_view key) const;
  bool may_fetch(const commands::Question& question) const;
  std::optional<RequestId> fetch(const Target& target, const commands::Question& question,
                                 const CommandView& command, Instant now, Instant deadline, Tag tag,
                                 Duration max_staleness);
  Result<RequestId> submit_fetch(Fetches::Fetch& fetch, const CommandView& command);
  void note_request(Fetches::Fetch& fetch, RequestId request, const Staged& staged);
  static Staged staging_of(const Fetches::Fetch& fetch) {
    return {fetch.ticket.began_at, fetch.ticket.mark};
  }
  bool wants_proof(const cache::Freshness& fresh) const;
  static bool brings_proof(const Fetches::Fetch& fetch);
  bool proves(const Fetches::Fetch& fetch) const;
  bool has_not_left(const Fetches::Fetch& fetch) const;
  bool may_join(const Fetches::Fetch& fetch, const cache::Freshness& fresh, Instant now) const;
  bool goes_on_in_time(const Fetches::Fetch& fetch, Instant deadline) const;
  cache::Mark side_delivery() const {
    return state() == State::ttl ? 0 : side_delivery_.load(std::memory_order_acquire);
  }
  std::optional<RequestId> join(Fetches::Fetch& fetch, Instant deadline, Tag tag);
  bool has_room_to_wait() const;
  std::size_t waiters_count() const;
  void begin_generation();
  void begin_behind_bridge();
  void end_generation();
  void follow_connection();
  bool is_lost() const { return resumption_ && resumption_->is_lost(); }
  bool handle_push(const Value& push);
  void forget_all();
  std::optional<Event> complete_fetch(const Event& event, Fetches::Fetch& fetch);
  void take_answer(Fetches::Fetch& fetch, const std::optional<Value>& value);
  void take_answers(const Fetches::Fetch& mget, const std::optional<Value>& value);
  cache::Cache::Ticket ticket_of(const Fetches::Fetch& mget, std::size_t number);
  void keep(const Fetches::Fetch& fetch, const cache::Cache::Ticket& ticket,
            const commands::Question& question, const Value* value, cache::Cache::Keep keep);
  bool is_known_who_answered(const Fetches::Fetch& fetch) const;
  Event delivered(Tag tag);
  Event failed(const Fetches::EndedWaiter& ended);
  bool is_broadcast() const;
  Result<Fetches::Fetch*> open_proof(Instant now);
  Result<Fetches::Fetch*> open_barrier(Instant now);
  void end_barriers();
  std::optional<RequestId> await_proof(const commands::Question& question, std::uint64_t hash,
                                       const cache::Cache::Ticket& ticket,
                                       const CommandView& command, Instant now, Instant deadline,
                                       Tag tag);
  std::optional<Event> complete_proof(const Event& event, Fetches::Fetch& proof);
  void end_proof(Fetches::Fetch& proof);
  void note_barrier(const Fetches::Fetch& proof);
  void ask_again(Fetches::Fetch& fetch);
  void close_all_until(RequestId id);
  bool take_from_cache(Fetches::Fetch& fetch);
  Instant next_proof() const;
  void ask_for_proof(Instant now);

  cache::Cache& cache_;
  Session& main_;
  Account& requests_;
  Account& replies_;
  FetchServers servers_;
  std::atomic<State> state_{State::unknown};
  std::atomic<bool> is_of_cluster_{false};
  bool has_to_relieve_ = false;  // the cache may hold entries that are out of reach and have to be
                                 // erased
  bool is_over_ = false;
  ClockStep clock_step_;
  std::atomic<cache::Mark> side_delivery_{0};
  std::atomic<cache::Mark> barrier_{0};  // of the last that has ended; only if replicas are read
  TrackedConnection connection_;         // the main connection, without a cluster
  Box<Resumption> resumption_;           // null until the server remembers clients
  Fetches fetches_;
  ReplySource source_;
  Fetches::Fetch* completed_ = nullptr;
  std::optional<Event> outcome_;
  Fetches::Fetch* proof_ = nullptr;        // the newest proof under way, or null
  Fetches::Fetch* asked_again_ = nullptr;  // a chain of the fetches whose proof has ended
  Fetches::Fetch* barriers_ = nullptr;     // in a cluster: a chain of proofs of all nodes, in order
  Fetches::Fetch* last_barrier_ = nullptr;
  std::size_t barriers_count_ = 0;
  Block cached_;              // the reply that is being delivered, if it came from the
                              // cache
  WireReader cached_reader_;  // holds the Value of cached_
  WriteFences writes_;
  WriteFences waiting_;  // fences of requests that wait for room
  SideFences side_writes_;
  Error error_;
  Instant relieved_at_ = Instant::min();
  IfOtherServers<Box<NodeCaches>> nodes_;              // null without a cluster
  IfOtherServers<Box<ReplicaCaches>> replica_caches_;  // null if no replica is read
};

}  // namespace plimsoll::inline v0
