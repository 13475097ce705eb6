// The numbers of wasm/abi.h, in its order, and its offsets.

export const abiVersion = 3;
export const errors = ["none", "lost_unsent", "lost_in_doubt", "timed_out", "cancelled",
  "rejected_by_limit", "reply_too_large", "out_of_memory", "server_error",
  "cluster_redirect", "transaction_aborted", "protocol_error",
  "invalid_argument", "invalid_option", "refused_command", "wrong_type", "connect_failed",
  "connection_lost", "connection_dead", "server_loading", "primary_down", "server_busy",
  "too_many_clients", "protected_mode", "tls_failed", "credentials_failed",
  "certificate_invalid", "authentication_failed", "permission_denied",
  "unsupported_protocol", "unknown_database", "tracking_refused", "closed", "forked"];
export const executed = ["no", "maybe", "yes"];
export const actions = ["none", "open", "close"];
export const events = ["none", "ready", "completed", "failed", "pushed", "disconnected",
  "closed"];
export const closeReasons = ["not_opened", "ended", "broken"];
export const states = ["idle", "waiting", "opening", "handshaking", "ready", "closing", "closed"];
export const types = ["null", "boolean", "integer", "real", "big_number", "simple_string",
  "bulk_string", "verbatim", "simple_error", "bulk_error", "array", "set", "map", "push",
  "attribute", "piece"];
export const pools = ["cache", "requests", "replies", "pushes", "connections", "spare"];

export const outboxAt = { tag: 0, hasValue: 4, error: 8, executed: 12, node: 16, spans: 40,
  clientStatistics: 168, memoryStatistics: 304, textSize: 528, text: 532 };
export const optionsAt = { requestTimeout: 0, connectTimeout: 8, closeTimeout: 16,
  reconnectWaitMin: 24, reconnectWaitMax: 32, healthCheckInterval: 40, tombstoneAgeMax: 48,
  randomSeed: 56, inflightRequestsLimit: 64, replyBytesMax: 68, reconnectAttemptsMax: 72,
  database: 76, usernameSize: 80, passwordSize: 84, clientNameSize: 88 };
