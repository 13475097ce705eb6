#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/client/moved_requests.h"
#include "plimsoll/core/client/parked_requests.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// Where a request of a client of a cluster is now, by an id that it had before: at a node, parked,
/// or on the main connection.
class RequestTrail {
 public:
  static constexpr std::uint64_t returned_place = request_ids::returned_place;
  static constexpr std::uint64_t waiting_place = request_ids::waiting_place;

  /// All must outlive this object.
  RequestTrail(Session& main, ClusterNodes& nodes, ParkedRequests& returned,
               ParkedRequests& waiting)
      : main_(main), nodes_(nodes), returned_(returned), waiting_(waiting) {}

  /// Whether a request is parked or at a node, or was when it got this id.
  static bool owns(RequestId id) { return is_parked(id) || request_ids::is_at_node(id); }

  /// Cancels a request, wherever it is now. Returns its id on the main connection if it is there.
  std::optional<RequestId> cancel(RequestId id, Instant now);

  /// Whether a request has ended, here or where it has gone on, as far as it is known.
  bool is_answered(RequestId id) const;

  /// The id that a request has now, or had when it ended.
  RequestId last_of(RequestId id) const;
  /// The request that is parked under this id, which is its last; null if it is not parked.
  const ParkedRequests::Request* find_parked(RequestId id) const;
  /// The session that has the request of this id, which is its last, and is not parked; null if
  /// its node's has ended.
  Session* session_of(RequestId id) const {
    return owns(id) ? nodes_.session_of_request(id) : &main_;
  }
  /// Whether a node may have run a request.
  bool was_exposed(RequestId id) const;
  /// Whether a node still owes the last answer to a request, which lies there under this id, and
  /// for which perhaps nobody waits any more.
  bool is_owed(RequestId id) const;

  /// Remembers that a request has gone on. Without memory for this it can no longer be cancelled.
  void remember(MovedRequests& moved, RequestId from, RequestId to);
  /// Forgets where requests of nodes that are gone have gone on, if they have ended: the place of
  /// such a node is free once none of its requests can be cancelled elsewhere.
  void forget_ended();

  /// See Client::staged_places().
  std::size_t staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                            std::span<std::string_view> spans) const;

 private:
  static bool is_parked(RequestId id) {
    const std::uint64_t place = request_ids::connection_of(id);
    return place == returned_place || place == waiting_place;
  }
  ParkedRequests& parked_of(RequestId id) const {
    return request_ids::connection_of(id) == returned_place ? returned_ : waiting_;
  }
  std::optional<RequestId> moved_to(RequestId id) const;

  Session& main_;
  ClusterNodes& nodes_;
  ParkedRequests& returned_;
  ParkedRequests& waiting_;
};

}  // namespace plimsoll::inline v0
