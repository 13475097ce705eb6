#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/cache/freshness.h"
#include "plimsoll/core/client/fetches.h"
#include "plimsoll/core/client/if_other_servers.h"
#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/cluster/slot_table.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

class Cluster;
class NodeCaches;
class ReplicaCaches;
class Replicas;

/// Where a client with a near cache sends its requests: to one server, on the main connection; to
/// the nodes of a cluster; or to a primary, on the main connection, and its replicas.
class FetchServers {
 public:
  /// Both must outlive this object, and so must what the next two are given.
  FetchServers(Session& main, const cache::Cache& cache) : main_(main), cache_(cache) {}
  FetchServers(const FetchServers&) = delete;
  FetchServers& operator=(const FetchServers&) = delete;

  void use_cluster(Cluster& cluster, NodeCaches& caches) {
    cluster_ = &cluster;
    nodes_ = &caches;
    is_one_ = false;
  }
  void use_replicas(Replicas& replicas, ReplicaCaches& caches) {
    replicas_ = &replicas;
    replica_caches_ = &caches;
    is_one_ = false;
  }
  void forget_replicas() {
    replicas_ = nullptr;
    is_one_ = true;
  }
  /// Whether there is neither of the two. Most clients have one server, so that is asked first.
  bool is_one() const { return !may_have_other_servers() || is_one_; }
  Cluster* cluster() const { return cluster_.get(); }
  Replicas* replicas() const { return replicas_.get(); }
  /// Whether replicas are read, in a cluster or not.
  bool reads_replicas() const {
    return !is_one() && (replicas_ != nullptr || cluster_reads_replicas());
  }

  /// Whom a read is sent to.
  struct Target {
    NodeNumber node = no_node;  // in a cluster: the owner of the slot, or its replica; otherwise: a
                                // replica's index
    std::optional<Slot> slot{};
    std::uint32_t member = cache::Generations::untracked;
    bool may_store = false;
    bool is_replica = false;
    bool is_scattered = false;  // an MGET whose keys are in several slots
  };
  /// Whom to ask, if that is not the main connection's server; in a cluster, nothing says that the
  /// read cannot be a fetch. Call this only if not is_one(). `after`: see Replicas::submit().
  std::optional<Target> choose(const commands::Question& question, const CommandView& command,
                               Instant now, Duration max_staleness, cache::Mark after);

  /// Whether a read that needs `after` may still share what the replica is about to answer.
  bool may_answer(const Fetches::Fetch& fetch, Instant now, cache::Mark after) const;
  /// A replica's reply is about to be stored.
  void note_stored(const Fetches::Fetch& fetch);
  /// The server that was asked has answered: says of the fetch whether its reply may be stored.
  void judge_outcome(Fetches::Fetch& fetch);

  /// Submits a request that is no fetch. `after`: see Replicas::submit(). With a bound on its
  /// staleness a read goes to the primary, which alone knows what is true now.
  Result<RequestId> submit(const CommandView& command, Instant now, Instant deadline, Tag tag,
                           Duration max_staleness, cache::Mark after) {
    if (is_one()) return main_.submit(command, deadline, tag);
    return submit_to_several(command, now, deadline, tag, max_staleness, after);
  }
  /// Submits the request of a fetch, whose node and slot are set.
  Result<RequestId> submit_fetch(const Fetches::Fetch& fetch, const CommandView& command) {
    if (is_one()) return main_.submit_owed(command, never, Fetches::tag_of(fetch));
    return submit_fetch_to_several(fetch, command);
  }

  void cancel(RequestId request);
  /// Session::was_exposed(), wherever the request is.
  bool was_exposed(RequestId request) const {
    return is_one() ? main_.was_exposed(request) : was_exposed_of_several(request);
  }

  /// The text of the error for a reader whose deadline has passed before the fetch was answered.
  /// Lives at least until the next call.
  const char* deadline_passed(const Fetches::Fetch& fetch) {
    return is_one() ? main_.deadline_passed() : deadline_passed_at_several(fetch);
  }

  /// The time that a driver has passed last, on any of the connections.
  Instant now() const { return is_one() ? main_.now() : now_of_several(); }

  /// The requests on all connections.
  std::size_t in_flight() const {
    return main_.in_flight() + (is_one() ? 0 : in_flight_elsewhere());
  }
  bool is_full() const { return is_one() ? main_.is_full() : are_several_full(); }
  /// So many callers wait without a request of their own; they take places all the same.
  void note_waiters(std::size_t count) {
    is_one() ? main_.take_places(count) : note_waiters_of_several(count);
  }

 private:
  std::optional<Target> choose_in_cluster(const commands::Question& question,
                                          const CommandView& command, Instant now,
                                          Duration max_staleness);
  std::optional<Target> several_targets() const;
  bool cluster_reads_replicas() const;
  Result<RequestId> submit_to_several(const CommandView& command, Instant now, Instant deadline,
                                      Tag tag, Duration max_staleness, cache::Mark after);
  Result<RequestId> submit_fetch_to_several(const Fetches::Fetch& fetch,
                                            const CommandView& command);
  Result<RequestId> submit_fetch_to_cluster(const Fetches::Fetch& fetch, const CommandView& command,
                                            Tag tag);
  bool was_exposed_of_several(RequestId request) const;
  const char* deadline_passed_at_several(const Fetches::Fetch& fetch);
  Instant now_of_several() const;
  std::size_t in_flight_elsewhere() const;
  bool are_several_full() const;
  void note_waiters_of_several(std::size_t count);

  Session& main_;
  const cache::Cache& cache_;
  bool is_one_ = true;
  IfOtherServers<Cluster*> cluster_;
  NodeCaches* nodes_ = nullptr;  // of the cluster
  IfOtherServers<Replicas*> replicas_;
  ReplicaCaches* replica_caches_ = nullptr;  // of the replicas
};

}  // namespace plimsoll::inline v0
