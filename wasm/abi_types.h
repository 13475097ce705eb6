#pragma once

#include <stddef.h>
#include <stdint.h>

// More than 500 lines, because both sides of the ABI read all of it.
//
// The numbers and records of the C ABI (abi.h), with their offsets in the module's memory.
// tests/wasm/abi.mjs and js/src/core/abi.ts read them by these offsets.

#ifdef __cplusplus
extern "C" {
#endif

enum {
  plimsoll_abi_version = 15,
  plimsoll_spans_max = 16,
  plimsoll_text_max = 320,
  plimsoll_pools_count = 6,
  /// The most clients and caches of one instance at a time.
  plimsoll_clients_max = 1024,
  plimsoll_caches_max = 16,
  /// The most connections of one client at a time. Number 0 is the main connection.
  plimsoll_connections_max = 64,
  /// The highest memory limit, in bytes. The module's memory ends at 256 MiB; the rest is for
  /// stack, data, and the allocator itself.
  plimsoll_memory_limit_max = 224 * 1024 * 1024,
  /// The size of PlimsollOutbox::staging.
  plimsoll_staging_bytes = 16 * 1024,
  /// The size of PlimsollOutbox::area.
  plimsoll_area_bytes = 32 * 1024,
  /// A request with deferred words has more bytes on the wire than this.
  plimsoll_deferred_request_bytes_min = 64 * 1024,
  /// Added to what plimsoll_key_places() answers.
  plimsoll_places_fixed = 256,
};

/// In the table of sizes: the word is deferred (abi.h).
#define plimsoll_word_deferred 0x80000000u

/// Why a call or a request failed. core/base/error.h says what each means.
enum PlimsollError {
  plimsoll_error_lost_unsent = 1,
  plimsoll_error_lost_in_doubt,
  plimsoll_error_timed_out,
  plimsoll_error_cancelled,
  plimsoll_error_rejected_by_limit,
  plimsoll_error_reply_too_large,
  plimsoll_error_out_of_memory,
  plimsoll_error_server_error,
  plimsoll_error_cluster_redirect,
  plimsoll_error_cluster_down,
  plimsoll_error_transaction_aborted,
  plimsoll_error_protocol_error,
  plimsoll_error_invalid_argument,
  plimsoll_error_invalid_option,
  plimsoll_error_refused_command,
  plimsoll_error_wrong_type,
  plimsoll_error_connect_failed,
  plimsoll_error_connection_lost,
  plimsoll_error_connection_dead,
  plimsoll_error_server_loading,
  plimsoll_error_primary_down,
  plimsoll_error_server_busy,
  plimsoll_error_too_many_clients,
  plimsoll_error_protected_mode,
  plimsoll_error_tls_failed,
  plimsoll_error_credentials_failed,
  plimsoll_error_certificate_invalid,
  plimsoll_error_authentication_failed,
  plimsoll_error_permission_denied,
  plimsoll_error_unsupported_protocol,
  plimsoll_error_unknown_database,
  plimsoll_error_tracking_refused,
  plimsoll_error_closed,
  plimsoll_error_forked,
  plimsoll_error_unknown_command,
  plimsoll_error_not_enough_replicas,
  plimsoll_error_read_only_replica,
  plimsoll_error_persistence_failed,
  plimsoll_error_server_out_of_memory,
  plimsoll_error_refused_by_bridge,
};

/// Whether the server may have executed the request that failed.
enum PlimsollExecuted { plimsoll_executed_no, plimsoll_executed_maybe, plimsoll_executed_yes };

enum PlimsollAction { plimsoll_action_none, plimsoll_action_open, plimsoll_action_close };

/// Who listens where a connection is opened to: core/session/options.h; and a replica, if the
/// client reads from it, or a node of its cluster.
enum PlimsollPeer {
  plimsoll_peer_server,
  plimsoll_peer_sentinel,
  plimsoll_peer_replica,
  plimsoll_peer_node,
};

/// What the servers are to each other: core/cluster/topology_choice.h.
enum PlimsollTopology {
  plimsoll_topology_automatic,
  plimsoll_topology_standalone,
  plimsoll_topology_cluster,
};

/// Where the addresses of a client lead that finds out by itself whether there is a cluster:
/// core/client/cluster_options.h.
enum PlimsollReach {
  plimsoll_reach_all_nodes,
  plimsoll_reach_bridge,
  plimsoll_reach_unix_socket,
};

/// How far a client is with a replica that it reads from: core/client/known_replica.h.
enum PlimsollReplicaState {
  plimsoll_replica_connecting,
  plimsoll_replica_checking,
  plimsoll_replica_ready,
  plimsoll_replica_suspect,
  plimsoll_replica_lost,
  plimsoll_replica_idle,
};

/// How far a client is with a node of its cluster: core/client/cluster.h, Cluster::Known.
enum PlimsollNodeState {
  plimsoll_node_idle,
  plimsoll_node_connecting,
  plimsoll_node_checking,
  plimsoll_node_ready,
  plimsoll_node_suspect,
  plimsoll_node_lost,
};

/// What happened: core/session/session.h, Event::Kind.
enum PlimsollEvent {
  plimsoll_event_none,
  plimsoll_event_ready,      ///< requests can be sent, for the first time or again
  plimsoll_event_completed,  ///< request `tag` has its reply
  plimsoll_event_failed,     ///< request `tag` failed: `error`; a server_error has a value as well
  plimsoll_event_pushed,  ///< a message for `tag`, whose outcome is still to come; with tag 0: an
                          ///< unrequested push
  plimsoll_event_disconnected,  ///< the connection was lost: `error`. Requests in doubt fail next,
                                ///< the others wait; plimsoll_action_open will come
  plimsoll_event_closed,        ///< the client has ended: `error`. Requests that wait fail next
  plimsoll_event_credentials_refused,  ///< the server refused the new credentials: `error`
  plimsoll_event_queueing_failed,  ///< one command of the transaction `tag` was refused: `error`
  plimsoll_event_admitted,  ///< there is room for request `tag`: plimsoll_submit_admitted() or
                            ///< plimsoll_cancel() must be the next call about this client
};

/// What happened to the words that were submitted.
enum PlimsollOutcome {
  plimsoll_outcome_staged,  ///< an event will bring the outcome
  plimsoll_outcome_served,  ///< the cache had the reply, which is in the area; no event comes
  plimsoll_outcome_waits,   ///< the request waits for room: plimsoll_event_admitted or _failed
                            ///< comes; until then the host keeps the words
  plimsoll_outcome_whole,   ///< nothing was kept: this command's words cannot be deferred. Stage
                            ///< them whole and submit them again
};

/// What is left to fetch after poll(), poll_nodes(), submit() or lookup().
enum PlimsollMore {
  plimsoll_more_nothing,
  plimsoll_more_nodes,   ///< the last value has more nodes: call poll_nodes()
  plimsoll_more_events,  ///< call poll() before any other call about this client
};

/// How a connection ended, or why it was not opened.
enum PlimsollCloseReason {
  plimsoll_close_not_opened,   ///< no connection was made
  plimsoll_close_ended,        ///< the server ended it
  plimsoll_close_broken,       ///< the transport failed
  plimsoll_close_tls_failed,   ///< TLS failed for another reason than the certificate
  plimsoll_close_certificate,  ///< the server's certificate was not accepted
  plimsoll_close_token,        ///< a bridge does not take the token
  plimsoll_close_forbidden,    ///< a bridge does not let the token reach the upstream
  plimsoll_close_no_upstream,  ///< a bridge has no upstream of this name
};

enum PlimsollClientState {
  plimsoll_state_idle,
  plimsoll_state_waiting,
  plimsoll_state_opening,
  plimsoll_state_handshaking,
  plimsoll_state_ready,
  plimsoll_state_closing,
  plimsoll_state_closed,
};

/// How a client's cache learns that an entry is outdated: core/client/near_cache.h.
enum PlimsollCacheState {
  plimsoll_cache_unknown,   ///< there has been no connection yet
  plimsoll_cache_tracking,  ///< the server reports changes
  plimsoll_cache_ttl,       ///< by entry_ttl only
  plimsoll_cache_off,       ///< nothing is cached
  plimsoll_cache_none,      ///< the client has no cache
};

/// RESP3's types (core/resp/node.h).
enum PlimsollType {
  plimsoll_type_null,
  plimsoll_type_boolean,
  plimsoll_type_integer,
  plimsoll_type_real,
  plimsoll_type_big_number,
  plimsoll_type_simple_string,
  plimsoll_type_bulk_string,
  plimsoll_type_verbatim,  ///< begins with its format, such as "txt:"
  plimsoll_type_simple_error,
  plimsoll_type_bulk_error,
  plimsoll_type_array,
  plimsoll_type_set,
  plimsoll_type_map,
  plimsoll_type_push,
  plimsoll_type_piece = 15,  ///< no value: a part of the string before it

  plimsoll_type_ascii = 256,  ///< added to a string's type: all its bytes are below 128

  /// Added to an error's type, shifted by these numbers of bits: the PlimsollError that its text
  /// means as the reply to a command, and whether that command was executed (PlimsollExecuted).
  plimsoll_type_error_shift = 16,
  plimsoll_type_executed_shift = 24,
};

struct PlimsollSpan {
  const char* bytes;
  size_t size;
};

/// One node of a value in the area. An aggregate comes before its elements, and a string in several
/// pieces comes before these. Attributes are left out.
struct PlimsollNode {
  uint32_t type;  ///< 0: PlimsollType
  uint32_t size;  ///< 4: number of bytes or elements; for a map the number of pairs of key and
                  ///< value; for an integer or boolean its lower half
  union {
    const char* bytes;  ///< 8: of strings, errors, doubles and big numbers (as text) and pieces;
                        ///< null: the pieces follow
    uint32_t upper;     ///< 8: the upper half of an integer
  };
};

/// One event in the area; its nodes follow.
struct PlimsollEventRecord {
  uint32_t kind;          ///< 0: PlimsollEvent
  uint32_t tag;           ///< 4
  uint32_t error;         ///< 8: PlimsollError; 0 if the event has no error
  uint32_t executed;      ///< 12: PlimsollExecuted, with `error`
  const char* text;       ///< 16: the sentence about `error`
  uint32_t text_size;     ///< 20
  uint32_t lost;          ///< 24: of a message: how many before it were dropped for lack of room
  uint32_t gaps;          ///< 28: of a message: how many connections were lost before it, each with
                          ///< an unknown number of messages
  uint32_t answers_owed;  ///< 32: of a transaction: answers still to come after this one, including
                          ///< the outcome
  uint32_t nodes;         ///< 36: how many nodes follow this record; 0: no value
};

struct PlimsollClientStatistics {
  double state;             ///< 0: PlimsollClientState
  double in_flight;         ///< 8: requests in flight, and late replies that are still outstanding
  double submitted;         ///< 16
  double rejected;          ///< 24
  double completed;         ///< 32
  double failed;            ///< 40
  double pushed;            ///< 48
  double replies_skipped;   ///< 56
  double pushes_skipped;    ///< 64
  double bytes_read;        ///< 72
  double bytes_written;     ///< 80
  double connections;       ///< 88: connections that became ready
  double connections_lost;  ///< 96: of these, how many were lost
  double connections_dead;  ///< 104: of these, how many because the server showed no sign of life
  double attempts_failed;   ///< 112: attempts to connect
  double health_checks;     ///< 120
  double requests_resent;   ///< 128
  double waiting;           ///< 136: requests that wait for room now
  double waited;            ///< 144: requests that had to wait for room, in all
  double waiters_refused;   ///< 152
  double blocking_connections;  ///< 160: open now
  double subscriptions;         ///< 168: open now
  double cache_state;           ///< 176: PlimsollCacheState
  double last_problem;  ///< 184: PlimsollError: why there was no connection the last time; 0: no
                        ///< problem yet
  double credit_bytes;  ///< 192: charged for bytes that were granted to peers and that the core has
                        ///< not read
};

struct PlimsollSubscriptionStatistics {
  double names;         ///< 0
  double queued;        ///< 8: messages
  double queued_bytes;  ///< 16
  double paused;        ///< 24: 1 while the connection is not read until a message is taken
  double received;      ///< 32
  double lost;          ///< 40: messages dropped for lack of room
  double gaps;          ///< 48: connections lost
  double refused;       ///< 56: names that the server refused to restore
};

/// What is known of one sentinel. Its texts are in outbox.spans (abi.h).
struct PlimsollSentinel {
  double seed;          ///< 0: which of the host's addresses it has, if it was not told one
  double named_port;    ///< 8: 0: it has the address `seed`
  double primary_port;  ///< 16: 0: it has named no primary
  double is_connected;  ///< 24: 0 or 1
  double problem;       ///< 32: PlimsollError: why it cannot be asked, or names no primary; 0: none
  double is_found;      ///< 40: 1 if the sentinels together have named a primary when they were
                        ///< asked last
};

/// What is known of one replica. Its texts are in outbox.spans (abi.h).
struct PlimsollReplica {
  double port;          ///< 0: of its address
  double state;         ///< 8: PlimsollReplicaState
  double in_flight;     ///< 16: requests, and late replies that are still outstanding
  double reads;         ///< 24: that it was sent
  double reads_moved;   ///< 32: of these, those that went on to another server
  double latency;       ///< 40: of a round trip, smoothed, in milliseconds; 0: not known
  double problem;       ///< 48: PlimsollError: why it does not answer reads; 0: none
  double primary_port;  ///< 56: of its primary's address; 0: the client has one primary only
};

/// What a client has read from replicas: core/client/replicas.h, ReplicaCounters.
struct PlimsollReplicasStatistics {
  double reads;         ///< 0
  double reads_moved;   ///< 8
  double reads_behind;  ///< 16
  double rounds;        ///< 24
  double left_out;      ///< 32
  double problem;       ///< 40: PlimsollError: why a primary does not say what it has; 0: it does
};

/// What is known of one node of a cluster. Its texts are in outbox.spans (abi.h).
struct PlimsollClusterNode {
  double port;       ///< 0: of its address
  double state;      ///< 8: PlimsollNodeState
  double slots;      ///< 16: that it owns, as far as is known
  double in_flight;  ///< 24: requests, and late replies that are still outstanding
  double problem;    ///< 32: PlimsollError: why there is no connection; 0: none
};

/// What a client has done in its cluster: core/client/cluster_counters.h; and what is known of the
/// slots.
struct PlimsollClusterStatistics {
  double moved;           ///< 0
  double asked;           ///< 8
  double sent_again;      ///< 16
  double views;           ///< 24
  double views_refused;   ///< 32
  double nodes_left_out;  ///< 40
  double scattered;       ///< 48
  double parts;           ///< 56
  double parked;          ///< 64
  double slots_unserved;  ///< 72: slots that nobody owns, as far as is known
  double problem;         ///< 80: PlimsollError: why no node has said who owns which slot when it
                          ///< was last asked; 0: one has
  double share_reached;   ///< 88
};

struct PlimsollCacheStatistics {
  double lookups;              ///< 0
  double hits;                 ///< 8
  double evictions;            ///< 16
  double expirations;          ///< 24
  double invalidations;        ///< 32
  double skipped_too_large;    ///< 40
  double skipped_uncacheable;  ///< 48
  double skipped_poisoned;     ///< 56
  double skipped_fenced;       ///< 64
  double skipped_no_memory;    ///< 72
  double skipped_absent;       ///< 80
  double entries;              ///< 88
  double bytes_live;           ///< 96
  double bytes_committed;      ///< 104
  double sources;              ///< 112
  double sources_refused;      ///< 120
  double resumptions;          ///< 128
};

struct PlimsollPoolStatistics {
  double limit;    ///< 0: in bytes, as `used` and `peak`
  double used;     ///< 8
  double peak;     ///< 16
  double refused;  ///< 24: charges that were refused
  double waiting;  ///< 32: requests, and connections to be read, that wait for memory
};

struct PlimsollMemoryStatistics {
  double limit;   ///< 0: in bytes, like the next three
  double used;    ///< 8
  double peak;    ///< 16
  double linear;  ///< 24: the module's memory, which never shrinks; 0 natively
  /// 32: cache, requests, replies, pushes, connections, spare
  struct PlimsollPoolStatistics pools[plimsoll_pools_count];
  double growths_refused;  ///< 272: how often `linear` would have passed its bound
};

/// What calls return besides a number. Each field is valid until the next call that writes it; its
/// comment names those calls.
struct PlimsollOutbox {
  uint32_t error;       ///< 0: PlimsollError of the call that was refused last
  uint32_t executed;    ///< 4: PlimsollExecuted, with `error`
  uint32_t outcome;     ///< 8: submit: PlimsollOutcome
  uint32_t action;      ///< 12: poll: PlimsollAction
  uint32_t connection;  ///< 16: poll: the connection that `action` is about
  uint32_t more;        ///< 20: poll, poll_nodes, submit, lookup: PlimsollMore
  uint32_t request[2];  ///< 24: submit and similar calls: the request's id, its lower half first
  uint32_t unsent[2];   ///< 32: poll: a bit for each connection below 64 to call poll_transmit()
                        ///< for; the others: plimsoll_unsent_node()
  uint32_t resumed[2];  ///< 40: poll: a bit for each paused connection that can be read again
  double timeout;       ///< 48: poll: when to call handle_timeout() at the latest; infinity: never
  /// 56: read_space, poll_transmit, staged_places; sentinel; replica; cluster_node; poll: see
  /// `named_port`
  struct PlimsollSpan spans[plimsoll_spans_max];
  /// 184: one of these at a time, by the ..._statistics call of that name, plimsoll_sentinel(),
  /// plimsoll_replica(), or plimsoll_cluster_node().
  union {
    struct PlimsollClientStatistics client;
    struct PlimsollSubscriptionStatistics subscription;
    struct PlimsollCacheStatistics cache;
    struct PlimsollMemoryStatistics memory;
    struct PlimsollSentinel sentinel;
    struct PlimsollReplica replica;
    struct PlimsollReplicasStatistics replicas;
    struct PlimsollClusterNode node;
    struct PlimsollClusterStatistics cluster;
  } statistics;
  uint32_t text_size;            ///< 464: as describe_error, sentinel and replica say; failed CHECK
  char text[plimsoll_text_max];  ///< 468
  uint32_t nodes_count;          ///< 788: poll_nodes, submit, lookup
  uint32_t seed;        ///< 792: poll: to which of its addresses the host opens `connection`, if
                        ///< `named_port` is 0
  uint32_t named_port;  ///< 796: poll: the port of the address to which the host opens
                        ///< `connection`; the address's host is the text spans[0]
  uint32_t peer;        ///< 800: poll: PlimsollPeer: who listens there
  uint32_t has_nodes;   ///< 804: poll: 1 if plimsoll_unsent_node() may name a connection
  /// 808: poll: event records and their nodes; poll_nodes, submit, lookup: nodes. What `bytes` and
  /// `text` point to lies here, too, or elsewhere in the memory.
  double area[plimsoll_area_bytes / 8];
  /// Where the host stages words that fit.
  char staging[plimsoll_staging_bytes];
};

/// The options of a client: core/session/options.h. 0 and 1 mean no and yes. The texts are staged
/// as words.
struct PlimsollOptions {
  double request_timeout;              ///< 0
  double connect_timeout;              ///< 8
  double close_timeout;                ///< 16
  double reconnect_wait_min;           ///< 24
  double reconnect_wait_max;           ///< 32
  double health_check_interval;        ///< 40
  double tombstone_age_max;            ///< 48
  double random_seed;                  ///< 56: a whole number below 2^53, different for each client
  double replica_lag_max;              ///< 64: core/client/replica_options.h
  uint32_t inflight_requests_limit;    ///< 72
  uint32_t inflight_overflow;          ///< 76: beyond the limit, 1: requests wait, 0: are rejected
  uint32_t waiters_max;                ///< 80
  uint32_t reply_bytes_max;            ///< 84
  uint32_t reconnect_attempts_max;     ///< 88
  uint32_t read_resends_max;           ///< 92
  uint32_t database;                   ///< 96
  uint32_t resp2;                      ///< 100
  uint32_t no_evict;                   ///< 104
  uint32_t no_touch;                   ///< 108
  uint32_t blocking_connections_max;   ///< 112
  uint32_t subscriptions_max;          ///< 116
  uint32_t subscription_messages_max;  ///< 120
  uint32_t subscription_overflow;      ///< 124: core/memory/overflow.h, in its order
  uint32_t cache;                      ///< 128: an id of create_cache(); 0: no cache
  uint32_t seeds_count;                ///< 132: how many addresses the host has for the client
  uint32_t primary_only;               ///< 136: servers that say they are replicas are refused
  uint32_t sentinel;                   ///< 140: the addresses are those of sentinels, which tell
                                       ///< where the primary is
  uint32_t read_from;                  ///< 144: core/cluster/read_choice.h, in its order; 0: from
                                       ///< the primary
  uint32_t topology;                   ///< 148: PlimsollTopology; standalone by default
  uint32_t redirects_max;              ///< 152: core/client/cluster_options.h
  uint32_t cross_slot_writes;          ///< 156: core/client/cluster_options.h, in its order
  uint32_t reach;                      ///< 160: PlimsollReach
};

/// The options of a cache: core/cache/options.h. The texts of its filter are staged as words.
struct PlimsollCacheOptions {
  double bytes_max;                  ///< 0
  double entries_max;                ///< 8
  double entry_ttl;                  ///< 16
  double coherence_lease;            ///< 24
  double seed;                       ///< 32: a whole number below 2^53, drawn at random
  uint32_t eviction_policy;          ///< 40: core/cache/policy/policy.h, in its order
  uint32_t mode;                     ///< 44: core/cache/options.h, in its order
  uint32_t server_ttl_cap;           ///< 48
  uint32_t cache_nil;                ///< 52
  uint32_t opt_in;                   ///< 56
  uint32_t only_commands_count;      ///< 60: the first of the staged words are for only_commands...
  uint32_t only_key_prefixes_count;  ///< 64: the next for only_key_prefixes, and so on
  uint32_t module_reads_count;       ///< 68
  uint32_t broadcast_prefixes_count;  ///< 72
};

#ifdef __cplusplus
}
#endif
