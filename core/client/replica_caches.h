#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/cache_state.h"
#include "plimsoll/core/client/connection_user.h"
#include "plimsoll/core/client/fetches.h"
#include "plimsoll/core/client/server_node.h"
#include "plimsoll/core/client/tracked_connection.h"
#include "plimsoll/core/cluster/replication_report.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// What a near cache needs of the connections to replicas: each one's generation and proofs.
/// Replicas reports what happens there, NearCache asks.
///
/// Each replica's connection vouches for what was read on it, and for nothing else. A reply proves
/// nothing here: a replica that lags behind tells of a change when it gets it. What proves
/// something is a round of Replicas. The replica has answered that it has run as much as the
/// primary had when that was asked, and has told of all these changes on the same connection
/// before. So an entry is held against what the primary had, and is served for coherence_lease
/// after that, but not for longer than the replica could be read: ReplicaOptions::lag_max.
///
///   begin()             follow(): proved                  the lease, or lag_max, is over
///  ---------> unproved ------------------> entries served -------------------------> withheld
///                ^                              |    ^                                  |
///                +-- follow(): no proof counts -+    +----- follow(): a later proof ----+
class ReplicaCaches {
 public:
  /// All must outlive this object.
  ReplicaCaches(cache::Cache& cache, Fetches& fetches, const std::atomic<CacheState>& state,
                Duration lag_max);
  ReplicaCaches(const ReplicaCaches&) = delete;
  ReplicaCaches& operator=(const ReplicaCaches&) = delete;

  // ---- For Replicas. `index` is below replicas_max.

  /// A mark for a round that begins: call this before the primary is asked.
  cache::Mark next_mark() { return cache_.next_mark(); }

  /// Looks at each event of a replica's session before anyone else. Returns true if it is for
  /// nobody else.
  bool handle_event(std::uint32_t index, Session& session, const Event& event);
  /// Call this after anything that may have changed the session's state, or what is proved of the
  /// replica...
  void follow(std::uint32_t index, const Session& session, const ReplicationProof& proved);
  /// ... and this before the session is destroyed.
  void handle_over(std::uint32_t index) { end(replicas_[index]); }

  /// How many bytes in front of a request do not go on with it: commands for the sake of the cache.
  static std::size_t bytes_in_front(Tag tag) {
    return tags::is_fetch(tag) ? Fetches::fetch_of(tag).bytes_in_front : 0;
  }
  /// A replica has not run a request, or has not answered it in time, and it has gone on. If that
  /// is a fetch, nobody knows who will answer it: its reply is not stored, and no read joins it.
  static void note_gone_on(Tag tag);

  /// When a fetch's first waiter gives up; `deadline` for a request that is no fetch.
  static Instant wanted_by(Tag tag, Instant deadline);

  /// Whether there may be entries that a replica vouches for.
  bool have_entries() const;
  /// How long those are served after a proof.
  Duration served_for() const { return std::min(lag_max_, cache_.options().coherence_lease); }

  // ---- For NearCache.

  /// The member of the replica's connection; Generations::untracked if it has no generation.
  std::uint32_t member(std::uint32_t index) const {
    const Replica& replica = replicas_[index];
    return replica.connection ? replica.connection->member() : cache::Generations::untracked;
  }
  /// Whether replies of this server may be stored; not those of Fetches::elsewhere.
  bool may_store(NodeNumber index) const;
  /// A reply of the replica may have been stored. What time alone bounds needs no proof.
  void note_stored(std::uint32_t index) {
    replicas_[index].has_entries = member(index) != cache::Generations::untracked;
  }

  void set_readable(std::uint32_t index, bool readable) {
    if (replicas_[index].connection) replicas_[index].connection->set_readable(readable);
  }

  /// Puts all that is not vouched for any more out of reach: the sessions have changed.
  void follow_all();

  /// Whether entries may have gone out of reach since the last call.
  bool take_ends() { return std::exchange(has_ends_, false); }

 private:
  struct Replica {
    std::optional<TrackedConnection> connection;
    ConnectionUser user;
    bool has_entries = false;
  };

  void begin(Replica& replica, Session& session);
  void drop(Replica& replica);
  void end(Replica& replica);
  void follow_connection(std::uint32_t index);
  void handle_push(std::uint32_t index, const Value& push);
  void forget_all(std::uint32_t index);

  cache::Cache& cache_;
  Fetches& fetches_;
  const std::atomic<CacheState>& state_;
  const Duration lag_max_;
  std::array<Replica, replicas_max> replicas_;
  bool has_ends_ = false;
};

}  // namespace plimsoll::inline v0
