// The numbers and offsets of wasm/abi_types.h, in its order.

export const abiVersion = 15;

/** The names of PlimsollError, by number. */
export const errorNames = [
  "none", "lost_unsent", "lost_in_doubt", "timed_out", "cancelled", "rejected_by_limit",
  "reply_too_large", "out_of_memory", "server_error", "cluster_redirect", "cluster_down", "transaction_aborted",
  "protocol_error", "invalid_argument", "invalid_option", "refused_command", "wrong_type",
  "connect_failed", "connection_lost", "connection_dead", "server_loading", "primary_down",
  "server_busy", "too_many_clients", "protected_mode", "tls_failed", "credentials_failed",
  "certificate_invalid", "authentication_failed", "permission_denied", "unsupported_protocol",
  "unknown_database", "tracking_refused", "closed", "forked",
  "unknown_command", "not_enough_replicas", "read_only_replica", "persistence_failed",
  "server_out_of_memory", "refused_by_bridge",
] as const;

/** The name of an error of the core: see docs/failure.md. */
export type ErrorName = (typeof errorNames)[number];

export const executedNames = ["no", "maybe", "yes"] as const;

/** Whether the server may have executed a request: "no" means that it is safe to try again. */
export type Executed = (typeof executedNames)[number];

export const actions = { none: 0, open: 1, close: 2 } as const;

export const peers = { server: 0, sentinel: 1, replica: 2, node: 3 } as const;

export const replicaStates = ["connecting", "checking", "ready", "suspect", "lost", "idle"] as const;

export const nodeStates = ["idle", "connecting", "checking", "ready", "suspect", "lost"] as const;

export const events = {
  none: 0, ready: 1, completed: 2, failed: 3, pushed: 4, disconnected: 5, closed: 6,
  credentialsRefused: 7, queueingFailed: 8, admitted: 9,
} as const;

/** Added to what plimsoll_key_places() answers. */
export const placesFixed = 256;

export const outcomes = { staged: 0, served: 1, waits: 2, whole: 3 } as const;

export const more = { nothing: 0, nodes: 1, events: 2 } as const;

export const closeReasons = {
  notOpened: 0, ended: 1, broken: 2, tlsFailed: 3, certificate: 4, token: 5, forbidden: 6, noUpstream: 7,
} as const;

export const states = [
  "idle", "waiting", "opening", "handshaking", "ready", "closing", "closed",
] as const;

export const cacheStates = ["unknown", "tracking", "ttl", "off", "none"] as const;

export const types = {
  null: 0, boolean: 1, integer: 2, real: 3, bigNumber: 4, simpleString: 5, bulkString: 6,
  verbatim: 7, simpleError: 8, bulkError: 9, array: 10, set: 11, map: 12, push: 13, piece: 15,
  ascii: 256, errorShift: 16, executedShift: 24,
} as const;

export const pools = ["cache", "requests", "replies", "pushes", "connections", "spare"] as const;

/** The offsets of the outbox's fields, in bytes. */
export const outboxAt = {
  error: 0, executed: 4, outcome: 8, action: 12, connection: 16, more: 20, request: 24, unsent: 32,
  resumed: 40, timeout: 48, spans: 56, statistics: 184, textSize: 464, text: 468, nodesCount: 788,
  seed: 792, namedPort: 796, peer: 800, hasNodes: 804, area: 808, staging: 33576,
} as const;

export const stagingBytes: number = 16 * 1024;

/** Words may be deferred in requests of more bytes than this. */
export const deferredRequestBytesMin: number = 64 * 1024;

/** Added to the size of a deferred word in the table of sizes. */
export const deferredWord: number = 2 ** 31;

/** The sizes of an event record and of a node, in words of 32 bits. */
export const recordWords = 10;
export const nodeWords = 3;

export const optionsAt = {
  requestTimeout: 0, connectTimeout: 8, closeTimeout: 16, reconnectWaitMin: 24,
  reconnectWaitMax: 32, healthCheckInterval: 40, tombstoneAgeMax: 48, randomSeed: 56, replicaLagMax: 64,
  inflightRequestsLimit: 72, inflightOverflow: 76, waitersMax: 80, replyBytesMax: 84,
  reconnectAttemptsMax: 88, readResendsMax: 92, database: 96, resp2: 100, noEvict: 104, noTouch: 108,
  blockingConnectionsMax: 112, subscriptionsMax: 116, subscriptionMessagesMax: 120,
  subscriptionOverflow: 124, cache: 128, seedsCount: 132, primaryOnly: 136, sentinel: 140,
  readFrom: 144, topology: 148, redirectsMax: 152, crossSlotWrites: 156, reach: 160,
} as const;

export const cacheOptionsAt = {
  bytesMax: 0, entriesMax: 8, entryTtl: 16, coherenceLease: 24, seed: 32, evictionPolicy: 40,
  mode: 44, serverTtlCap: 48, cacheNil: 52, optIn: 56, onlyCommandsCount: 60,
  onlyKeyPrefixesCount: 64, moduleReadsCount: 68, broadcastPrefixesCount: 72,
} as const;

/** In both records of options, fields before this offset are doubles, the others have 32 bits. */
export const optionsDoublesEnd: number = optionsAt.inflightRequestsLimit;
export const cacheOptionsDoublesEnd: number = cacheOptionsAt.evictionPolicy;
