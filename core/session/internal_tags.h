#pragma once

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/session/pipeline.h"

// The tags of requests that a client makes for itself. Each is one more than the tag before it, so
// no two are the same.

namespace plimsoll::inline v0 {

/// Tags from this one on belong to internal requests.
inline constexpr Tag internal_tag_first = tags::internal_first;

// ---- Of any connection

/// The tag of the AUTH with new credentials, and of the HELLO that follows it.
inline constexpr Tag internal_auth = internal_tag_first;
/// The tag of the Event::ready that tells of a node of a cluster (Session::find_mode()).
inline constexpr Tag internal_is_cluster = internal_auth + 1;

// ---- Of side connections

/// The tag of a SUBSCRIBE that restores subscriptions.
inline constexpr Tag internal_restore = internal_is_cluster + 1;
/// The tag of the PING behind a SUNSUBSCRIBE. If the slot of a channel moves just before the
/// SUNSUBSCRIBE arrives, the server sends a push that looks like the confirmation, and then refuses
/// the SUNSUBSCRIBE with an error that no server answers to a PING. The session skips such an error
/// when the PING is due.
inline constexpr Tag internal_end_of_answers = internal_restore + 1;
/// The tag of the UNWATCH when an exclusive connection is given back.
inline constexpr Tag internal_unwatch = internal_end_of_answers + 1;

// ---- Of a client with a near cache

/// The tag of the ACL WHOAMI by which a cache learns whose replies the connection brings.
inline constexpr Tag internal_user = internal_unwatch + 1;
/// The tag of the PING that proves what a cache may serve.
inline constexpr Tag internal_proof = internal_user + 1;
/// The tag of the EXISTS by which it learns whether a primary still serves its keys.
inline constexpr Tag internal_key = internal_proof + 1;
/// The tag of the CLIENT TRACKING RESUME with which a cache is told what it has missed.
inline constexpr Tag internal_resume = internal_key + 1;

// ---- Of a client that reads from replicas

/// The tags of the INFO by which it learns how much a server has, and in which zone it stands.
inline constexpr Tag internal_replication = internal_resume + 1;
inline constexpr Tag internal_zone = internal_replication + 1;
/// The tag of the INFO replication of a replica of a cluster, which may become a primary while it
/// answers.
inline constexpr Tag internal_report = internal_zone + 1;
/// The tags of READONLY and READWRITE at a replica of a cluster.
inline constexpr Tag internal_read_only = internal_report + 1;
inline constexpr Tag internal_read_write = internal_read_only + 1;

// ---- Of a client of a cluster

/// The tags of the CLUSTER SLOTS and CLUSTER MYID by which it learns who owns which slot, and who a
/// node is.
inline constexpr Tag internal_slots = internal_read_write + 1;
inline constexpr Tag internal_node_id = internal_slots + 1;
/// The tag of the EXISTS by which it learns who owns one slot.
inline constexpr Tag internal_owner = internal_node_id + 1;

// ---- Of the main connection, for side connections

/// The first tag of CLIENT UNBLOCK. There is one tag for each connection, in the order of their
/// ids.
inline constexpr Tag internal_unblock_first = internal_owner + 1;

}  // namespace plimsoll::inline v0
