// The numbers of wasm/abi.h, in its order, and its offsets.

export const abiVersion = 15;
export const errors = ["none", "lost_unsent", "lost_in_doubt", "timed_out", "cancelled",
  "rejected_by_limit", "reply_too_large", "out_of_memory", "server_error",
  "cluster_redirect", "cluster_down", "transaction_aborted", "protocol_error",
  "invalid_argument", "invalid_option", "refused_command", "wrong_type", "connect_failed",
  "connection_lost", "connection_dead", "server_loading", "primary_down", "server_busy",
  "too_many_clients", "protected_mode", "tls_failed", "credentials_failed",
  "certificate_invalid", "authentication_failed", "permission_denied",
  "unsupported_protocol", "unknown_database", "tracking_refused", "closed", "forked",
  "unknown_command", "not_enough_replicas", "read_only_replica", "persistence_failed",
  "server_out_of_memory", "refused_by_bridge"];
export const executed = ["no", "maybe", "yes"];
export const actions = ["none", "open", "close"];
export const peers = ["server", "sentinel", "replica", "node"];
export const events = ["none", "ready", "completed", "failed", "pushed", "disconnected",
  "closed", "credentials_refused", "queueing_failed", "admitted"];
export const outcomes = ["staged", "served", "waits", "whole"];
export const more = { nothing: 0, nodes: 1, events: 2 };
export const closeReasons = ["not_opened", "ended", "broken", "tls_failed", "certificate", "token", "forbidden",
  "no_upstream"];
export const states = ["idle", "waiting", "opening", "handshaking", "ready", "closing", "closed"];
export const types = ["null", "boolean", "integer", "real", "big_number", "simple_string",
  "bulk_string", "verbatim", "simple_error", "bulk_error", "array", "set", "map", "push",
  "attribute", "piece"];
export const asciiBit = 256;
export const pools = ["cache", "requests", "replies", "pushes", "connections", "spare"];

export const outboxAt = { error: 0, executed: 4, outcome: 8, action: 12, connection: 16, more: 20,
  request: 24, unsent: 32, resumed: 40, timeout: 48, spans: 56, statistics: 184, textSize: 464,
  text: 468, nodesCount: 788, seed: 792, namedPort: 796, peer: 800, hasNodes: 804,
  area: 808 };
export const areaBytes = 32 * 1024;
export const stagingBytes = 16 * 1024;
export const recordAt = { kind: 0, tag: 4, error: 8, executed: 12, text: 16, textSize: 20, lost: 24,
  gaps: 28, answersOwed: 32, nodes: 36 };
export const recordBytes = 40;
export const nodeBytes = 12;
export const optionsAt = { requestTimeout: 0, connectTimeout: 8, closeTimeout: 16,
  reconnectWaitMin: 24, reconnectWaitMax: 32, healthCheckInterval: 40, tombstoneAgeMax: 48,
  randomSeed: 56, replicaLagMax: 64, inflightRequestsLimit: 72, inflightOverflow: 76, waitersMax: 80,
  replyBytesMax: 84, reconnectAttemptsMax: 88, readResendsMax: 92, database: 96, resp2: 100,
  noEvict: 104, noTouch: 108, blockingConnectionsMax: 112, subscriptionsMax: 116,
  subscriptionMessagesMax: 120, subscriptionOverflow: 124, cache: 128,
  seedsCount: 132, primaryOnly: 136, sentinel: 140, readFrom: 144,
  topology: 148, redirectsMax: 152, crossSlotWrites: 156, reach: 160 };
export const cacheOptionsAt = { bytesMax: 0, entriesMax: 8, entryTtl: 16, coherenceLease: 24,
  seed: 32, evictionPolicy: 40, mode: 44, serverTtlCap: 48, cacheNil: 52, optIn: 56,
  onlyCommandsCount: 60, onlyKeyPrefixesCount: 64, moduleReadsCount: 68,
  broadcastPrefixesCount: 72 };
export const cacheStates = ["unknown", "tracking", "ttl", "off", "none"];
