// The numbers of wasm/abi.h, in its order, and its offsets.

export const abiVersion = 1;
export const errors = ["none", "lost_unsent", "lost_in_doubt", "timed_out", "cancelled",
  "rejected_by_limit", "reply_too_large", "out_of_memory", "server_error", "protocol_error",
  "invalid_argument", "invalid_option", "refused_command", "wrong_type", "connect_failed",
  "closed", "forked"];
export const executed = ["no", "maybe", "yes"];
export const actions = ["none", "open", "close"];
export const events = ["none", "ready", "completed", "failed", "pushed", "closed"];
export const closeReasons = ["not_opened", "ended", "broken"];
export const states = ["idle", "waiting", "opening", "handshaking", "ready", "closing", "closed"];
export const types = ["null", "boolean", "integer", "real", "big_number", "simple_string",
  "bulk_string", "verbatim", "simple_error", "bulk_error", "array", "set", "map", "push",
  "attribute", "piece"];
export const pools = ["cache", "requests", "replies", "pushes", "connections", "spare"];

export const outboxAt = { tag: 0, hasValue: 4, error: 8, executed: 12, node: 16, spans: 40,
  clientStatistics: 168, memoryStatistics: 256, textSize: 480, text: 484 };
export const optionsAt = { requestTimeout: 0, connectTimeout: 8, closeTimeout: 16,
  inflightRequestsLimit: 24, replyBytesMax: 28, database: 32, usernameSize: 36, passwordSize: 40,
  clientNameSize: 44 };
