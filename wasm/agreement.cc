// Asserts that the numbers and offsets of the C ABI (abi_types.h) agree with the core's
// enumerations: a change of one without the other does not compile.

#include <cstddef>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/client/replicas.h"
#include "plimsoll/core/cluster/topology_choice.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/segment_header.h"
#include "plimsoll/core/resp/node.h"
#include "plimsoll/wasm/abi_types.h"

namespace plimsoll::wasm {
namespace {

template <class Ours>
constexpr bool same(Ours ours, unsigned theirs) {
  return static_cast<unsigned>(ours) == theirs;
}

constexpr bool same(ErrorCode ours, unsigned theirs) {
  return static_cast<unsigned>(ours) + 1 == theirs;
}

static_assert(same(ErrorCode::lost_unsent, plimsoll_error_lost_unsent));
static_assert(same(ErrorCode::lost_in_doubt, plimsoll_error_lost_in_doubt));
static_assert(same(ErrorCode::timed_out, plimsoll_error_timed_out));
static_assert(same(ErrorCode::cancelled, plimsoll_error_cancelled));
static_assert(same(ErrorCode::rejected_by_limit, plimsoll_error_rejected_by_limit));
static_assert(same(ErrorCode::reply_too_large, plimsoll_error_reply_too_large));
static_assert(same(ErrorCode::out_of_memory, plimsoll_error_out_of_memory));
static_assert(same(ErrorCode::server_error, plimsoll_error_server_error));
static_assert(same(ErrorCode::cluster_redirect, plimsoll_error_cluster_redirect));
static_assert(same(ErrorCode::cluster_down, plimsoll_error_cluster_down));
static_assert(same(ErrorCode::transaction_aborted, plimsoll_error_transaction_aborted));
static_assert(same(ErrorCode::protocol_error, plimsoll_error_protocol_error));
static_assert(same(ErrorCode::invalid_argument, plimsoll_error_invalid_argument));
static_assert(same(ErrorCode::invalid_option, plimsoll_error_invalid_option));
static_assert(same(ErrorCode::refused_command, plimsoll_error_refused_command));
static_assert(same(ErrorCode::wrong_type, plimsoll_error_wrong_type));
static_assert(same(ErrorCode::connect_failed, plimsoll_error_connect_failed));
static_assert(same(ErrorCode::connection_lost, plimsoll_error_connection_lost));
static_assert(same(ErrorCode::connection_dead, plimsoll_error_connection_dead));
static_assert(same(ErrorCode::server_loading, plimsoll_error_server_loading));
static_assert(same(ErrorCode::primary_down, plimsoll_error_primary_down));
static_assert(same(ErrorCode::server_busy, plimsoll_error_server_busy));
static_assert(same(ErrorCode::too_many_clients, plimsoll_error_too_many_clients));
static_assert(same(ErrorCode::protected_mode, plimsoll_error_protected_mode));
static_assert(same(ErrorCode::tls_failed, plimsoll_error_tls_failed));
static_assert(same(ErrorCode::credentials_failed, plimsoll_error_credentials_failed));
static_assert(same(ErrorCode::certificate_invalid, plimsoll_error_certificate_invalid));
static_assert(same(ErrorCode::authentication_failed, plimsoll_error_authentication_failed));
static_assert(same(ErrorCode::permission_denied, plimsoll_error_permission_denied));
static_assert(same(ErrorCode::unsupported_protocol, plimsoll_error_unsupported_protocol));
static_assert(same(ErrorCode::unknown_database, plimsoll_error_unknown_database));
static_assert(same(ErrorCode::tracking_refused, plimsoll_error_tracking_refused));
static_assert(same(ErrorCode::closed, plimsoll_error_closed));
static_assert(same(ErrorCode::forked, plimsoll_error_forked));
static_assert(same(ErrorCode::unknown_command, plimsoll_error_unknown_command));
static_assert(same(ErrorCode::not_enough_replicas, plimsoll_error_not_enough_replicas));
static_assert(same(ErrorCode::read_only_replica, plimsoll_error_read_only_replica));
static_assert(same(ErrorCode::persistence_failed, plimsoll_error_persistence_failed));
static_assert(same(ErrorCode::server_out_of_memory, plimsoll_error_server_out_of_memory));
static_assert(same(ErrorCode::refused_by_bridge, plimsoll_error_refused_by_bridge));
static_assert(error_codes_count == plimsoll_error_refused_by_bridge);

static_assert(same(Executed::no, plimsoll_executed_no));
static_assert(same(Executed::maybe, plimsoll_executed_maybe));
static_assert(same(Executed::yes, plimsoll_executed_yes));

static_assert(same(Session::State::idle, plimsoll_state_idle));
static_assert(same(Session::State::waiting, plimsoll_state_waiting));
static_assert(same(Session::State::opening, plimsoll_state_opening));
static_assert(same(Session::State::handshaking, plimsoll_state_handshaking));
static_assert(same(Session::State::ready, plimsoll_state_ready));
static_assert(same(Session::State::closing, plimsoll_state_closing));
static_assert(same(Session::State::closed, plimsoll_state_closed));

static_assert(same(Type::null, plimsoll_type_null));
static_assert(same(Type::boolean, plimsoll_type_boolean));
static_assert(same(Type::integer, plimsoll_type_integer));
static_assert(same(Type::real, plimsoll_type_real));
static_assert(same(Type::big_number, plimsoll_type_big_number));
static_assert(same(Type::simple_string, plimsoll_type_simple_string));
static_assert(same(Type::bulk_string, plimsoll_type_bulk_string));
static_assert(same(Type::verbatim, plimsoll_type_verbatim));
static_assert(same(Type::simple_error, plimsoll_type_simple_error));
static_assert(same(Type::bulk_error, plimsoll_type_bulk_error));
static_assert(same(Type::array, plimsoll_type_array));
static_assert(same(Type::set, plimsoll_type_set));
static_assert(same(Type::map, plimsoll_type_map));
static_assert(same(Type::push, plimsoll_type_push));
static_assert(same(Type::piece, plimsoll_type_piece));

static_assert(same(PoolKind::cache, 0) && same(PoolKind::requests, 1) &&
              same(PoolKind::replies, 2) && same(PoolKind::pushes, 3) &&
              same(PoolKind::connections, 4) && same(PoolKind::spare, 5));
static_assert(pools_count == plimsoll_pools_count);
static_assert(error_text_max == plimsoll_text_max);
static_assert(plimsoll_deferred_request_bytes_min >= segment_capacity);

static_assert(same(NearCache::State::unknown, plimsoll_cache_unknown));
static_assert(same(NearCache::State::tracking, plimsoll_cache_tracking));
static_assert(same(NearCache::State::ttl, plimsoll_cache_ttl));
static_assert(same(NearCache::State::off, plimsoll_cache_off));
static_assert(connections_max == plimsoll_connections_max);
static_assert(same(Peer::server, plimsoll_peer_server));
static_assert(same(Peer::sentinel, plimsoll_peer_sentinel));

static_assert(same(TopologyChoice::automatic, plimsoll_topology_automatic));
static_assert(same(TopologyChoice::standalone, plimsoll_topology_standalone));
static_assert(same(TopologyChoice::cluster, plimsoll_topology_cluster));
static_assert(same(ClusterOptions::Reach::all_nodes, plimsoll_reach_all_nodes));
static_assert(same(ClusterOptions::Reach::bridge, plimsoll_reach_bridge));
static_assert(same(ClusterOptions::Reach::unix_socket, plimsoll_reach_unix_socket));

static_assert(same(KnownReplica::State::connecting, plimsoll_replica_connecting));
static_assert(same(KnownReplica::State::checking, plimsoll_replica_checking));
static_assert(same(KnownReplica::State::ready, plimsoll_replica_ready));
static_assert(same(KnownReplica::State::suspect, plimsoll_replica_suspect));
static_assert(same(KnownReplica::State::lost, plimsoll_replica_lost));
static_assert(same(KnownReplica::State::idle, plimsoll_replica_idle));

static_assert(same(Cluster::Known::State::idle, plimsoll_node_idle));
static_assert(same(Cluster::Known::State::connecting, plimsoll_node_connecting));
static_assert(same(Cluster::Known::State::checking, plimsoll_node_checking));
static_assert(same(Cluster::Known::State::ready, plimsoll_node_ready));
static_assert(same(Cluster::Known::State::suspect, plimsoll_node_suspect));
static_assert(same(Cluster::Known::State::lost, plimsoll_node_lost));

#ifdef __wasm__
// The offsets that abi_types.h names.
static_assert(sizeof(PlimsollNode) == 12 && sizeof(PlimsollEventRecord) == 40);
static_assert(offsetof(PlimsollOutbox, timeout) == 48);
static_assert(offsetof(PlimsollOutbox, spans) == 56);
static_assert(offsetof(PlimsollOutbox, statistics) == 184);
static_assert(offsetof(PlimsollMemoryStatistics, pools) == 32);
static_assert(offsetof(PlimsollMemoryStatistics, growths_refused) == 272);
static_assert(offsetof(PlimsollOutbox, text_size) == 464);
static_assert(offsetof(PlimsollOutbox, nodes_count) == 788);
static_assert(offsetof(PlimsollOutbox, seed) == 792);
static_assert(offsetof(PlimsollOutbox, peer) == 800);
static_assert(offsetof(PlimsollOutbox, area) == 808);
static_assert(offsetof(PlimsollOutbox, staging) == 808 + plimsoll_area_bytes);
static_assert(offsetof(PlimsollClientStatistics, last_problem) == 184);
static_assert(offsetof(PlimsollSentinel, is_found) == 40);
static_assert(offsetof(PlimsollReplica, problem) == 48);
static_assert(offsetof(PlimsollReplica, primary_port) == 56);
static_assert(offsetof(PlimsollReplicasStatistics, problem) == 40);
static_assert(offsetof(PlimsollClusterNode, problem) == 32);
static_assert(offsetof(PlimsollClusterStatistics, problem) == 80);
static_assert(offsetof(PlimsollOptions, inflight_requests_limit) == 72);
static_assert(offsetof(PlimsollOptions, read_from) == 144);
static_assert(offsetof(PlimsollOptions, cross_slot_writes) == 156);
static_assert(offsetof(PlimsollCacheOptions, broadcast_prefixes_count) == 72);
#endif

}  // namespace
}  // namespace plimsoll::wasm
