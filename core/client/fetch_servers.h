#pragma once

#include <cstddef>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/freshness.h"
#include "plimsoll/core/client/fetches.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

class Cluster;
class Replicas;

/// Where a client with a near cache sends its requests: to one server, on the main connection; to
/// the nodes of a cluster; or to a primary, on the main connection, and its replicas.
class FetchServers {
 public:
  /// `main` must outlive this object, and so must what the next two are given.
  explicit FetchServers(Session& main) : main_(main) {}
  FetchServers(const FetchServers&) = delete;
  FetchServers& operator=(const FetchServers&) = delete;

  void use_cluster(Cluster& cluster) {
    cluster_ = &cluster;
    is_one_ = false;
  }
  void use_replicas(Replicas& replicas) {
    replicas_ = &replicas;
    is_one_ = false;
  }
  /// Whether there is neither of the two. Most clients have one server, so that is asked first.
  bool is_one() const { return is_one_; }
  Cluster* cluster() const { return cluster_; }
  Replicas* replicas() const { return replicas_; }

  /// Whether a fetch was sent to a replica, and to no other server since.
  bool is_at_replica(const Fetches::Fetch& fetch) const {
    return replicas_ != nullptr && fetch.node != no_node && fetch.node != Fetches::elsewhere;
  }

  /// Submits a request that is no fetch. `after`: see Replicas::submit(). With a bound on its
  /// staleness a read goes to the primary, which alone knows what is true now.
  Result<RequestId> submit(const CommandView& command, Instant now, Instant deadline, Tag tag,
                           Duration max_staleness, cache::Mark after) {
    if (is_one_) return main_.submit(command, deadline, tag);
    return submit_to_several(command, now, deadline, tag, max_staleness, after);
  }
  /// Submits the request of a fetch, whose node and slot are set.
  Result<RequestId> submit_fetch(const Fetches::Fetch& fetch, const CommandView& command) {
    if (is_one_) return main_.submit_owed(command, never, Fetches::tag_of(fetch));
    return submit_fetch_to_several(fetch, command);
  }

  void cancel(RequestId request);
  /// Session::was_exposed(), wherever the request is.
  bool was_exposed(RequestId request) const {
    return is_one_ ? main_.was_exposed(request) : was_exposed_of_several(request);
  }

  /// The time that a driver has passed last, on any of the connections.
  Instant now() const { return is_one_ ? main_.now() : now_of_several(); }

  /// The requests on all connections.
  std::size_t in_flight() const {
    return main_.in_flight() + (is_one_ ? 0 : in_flight_elsewhere());
  }
  bool is_full() const { return is_one_ ? main_.is_full() : are_several_full(); }
  /// So many callers wait without a request of their own; they take places all the same.
  void note_waiters(std::size_t count) {
    is_one_ ? main_.take_places(count) : note_waiters_of_several(count);
  }

 private:
  Result<RequestId> submit_to_several(const CommandView& command, Instant now, Instant deadline,
                                      Tag tag, Duration max_staleness, cache::Mark after);
  Result<RequestId> submit_fetch_to_several(const Fetches::Fetch& fetch,
                                            const CommandView& command);
  bool was_exposed_of_several(RequestId request) const;
  Instant now_of_several() const;
  std::size_t in_flight_elsewhere() const;
  bool are_several_full() const;
  void note_waiters_of_several(std::size_t count);

  Session& main_;
  bool is_one_ = true;
  Cluster* cluster_ = nullptr;
  Replicas* replicas_ = nullptr;
};

}  // namespace plimsoll::inline v0
