import type { ErrorName, Executed } from "./core/abi.js";

// The classes of errors; distinguish them with instanceof. A message says what was wrong, what was expected
// and where; `code` is stable, for logs and metrics.

export type { ErrorName, Executed };

/** The base of all errors that Plimsoll throws or rejects with, except a TypeError for an invalid
    argument. */
export class PlimsollError extends Error {
  // On the prototypes, as the language's own errors have it.
  static { this.prototype.name = "PlimsollError"; }
  /** Names the failure: "timed_out", "rejected_by_limit"...; docs/failure.md lists all. */
  readonly code: string;
  /** Whether the server may have executed the request. After "no" it is safe to try again. */
  readonly executed: Executed;

  constructor(code: string, message: string, executed: Executed = "no", options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.executed = executed;
  }
}

/** The request's timeout was over before its reply came. The server may have executed it: see
    `executed`. */
export class TimeoutError extends PlimsollError {
  static { this.prototype.name = "TimeoutError"; }
}

/** The caller cancelled the request by its AbortSignal. The server may have executed it: see
    `executed`. */
export class CancelledError extends PlimsollError {
  static { this.prototype.name = "CancelledError"; }
}

/** A limit was reached, which the message names. Nothing was sent: try again later. */
export class LimitError extends PlimsollError {
  static { this.prototype.name = "LimitError"; }
}

/** There is no connection, or it was lost with the request. The server may have executed it: see
    `executed`. */
export class ConnectionError extends PlimsollError {
  static { this.prototype.name = "ConnectionError"; }
}

/** The client was closed or has ended: it takes no more requests. */
export class ClosedError extends ConnectionError {
  static { this.prototype.name = "ClosedError"; }
}

/** An option, an address or a command is invalid. Nothing was sent. */
export class ConfigurationError extends PlimsollError {
  static { this.prototype.name = "ConfigurationError"; }
}

/** There was no room for the reply. It was larger than the memory limit or `replyBytesMax` allow: then the
    server has executed the command. Or (`out_of_memory`) only a part of it arrived while other connections
    waited for memory: see `executed`. */
export class ReplyTooLargeError extends PlimsollError {
  static { this.prototype.name = "ReplyTooLargeError"; }
}

/** The reply cannot be returned as it was asked for, such as bytes that are no UTF-8 as text. The server has
    executed the command. */
export class DecodeError extends PlimsollError {
  static { this.prototype.name = "DecodeError"; }
}

/** The server answered with an error. If it refused to execute the command, `code` names the refusal
    ("permission_denied", "refused_by_bridge"...: docs/failure.md). For any other error `code` is the first
    word of the server's text: "WRONGTYPE", "ERR"... */
export class ServerError extends PlimsollError {
  static { this.prototype.name = "ServerError"; }
  /** The text of the server, or of a bridge in front of it, word for word; "" if a watched key has changed, which the
      server says by a null. */
  readonly serverText: string;

  constructor(code: string, message: string, executed: Executed = "yes",
    serverText: string = message) {
    super(code, message, executed);
    this.serverText = serverText;
  }

  /** The first word of the server's text, "WRONGTYPE", "NOPERM"...; "" if a bridge refused. */
  get serverCode(): string {
    return this.code === "refused_by_bridge" ? "" : firstWord(this.serverText);
  }
}

/** The WebAssembly module has failed, which is a bug, or cannot be loaded. All clients of this process or
    isolate have ended; the next client gets a new instance. */
export class CoreError extends PlimsollError {
  static { this.prototype.name = "CoreError"; }
}

/** The text of anything that was thrown. Never throws itself. */
export const wordsOf = (thrown: unknown): string => {
  try {
    const { message, name } = (thrown ?? {}) as Partial<Error>;
    return String(message || name || thrown);
  } catch {
    return "an error without a message";
  }
};

/** Cuts the arguments off an error about an unknown command. The server repeats them, and with AUTH, or
    HELLO with AUTH, they contain a password. */
export const withoutSecrets = (words: string): string => {
  const end = words.indexOf(", with args beginning with:");
  return end >= 0 && /'auth'/i.test(words) ? words.slice(0, end) : words;
};

const firstWord = (text: string): string => {
  const end = text.indexOf(" ");
  return end < 0 ? text : text.slice(0, end);
};

// With these words a bridge answers in the server's place: docs/bridge-protocol.md.
const bridgeWords = /^(?:NOPERM|INDOUBT|UNSENT|TOOLARGE) plimsoll-bridge: (.*)/s;

/** The error for an error reply with this text; `name` is what the core makes of the text. */
export const serverError = (text: string, executed: Executed = "yes",
  name: ErrorName = "server_error"): ServerError => {
  const words = bridgeWords.exec(text)?.[1] ?? text;
  return new ServerError(name === "server_error" ? firstWord(words) : name, words, executed);
};

/**
 * What limitError() makes: a LimitError by its prototype, its fields and what it prints, but without a
 * recorded stack. `stack` has the message, and not the place where the error was made.
 */
const Refusal = function (this: Record<string, string>, code: string, message: string): void {
  this.stack = `LimitError: ${message}`;
  this.message = message;
  this.code = code;
  this.executed = "no";
} as unknown as new (code: string, message: string) => LimitError;
Refusal.prototype = LimitError.prototype;

/** The error of a request that was refused before it was made. Shedding load must be cheaper than serving
    it, and a regular Error costs as much as half a request, with a recorded stack as much as four. */
export const limitError = (code: string, message: string): LimitError => new Refusal(code, message);

// The core names options as C++ has them.
const coreOptions = new Set(["inflight_requests_limit", "inflight_overflow", "waiters_max",
  "blocking_connections_max", "client_side_cache", "subscriptions_max", "subscription_messages_max", "subscription_overflow",
  "reply_bytes_max", "memory_limit", "request_timeout", "connect_timeout", "close_timeout",
  "reconnect_wait_min", "reconnect_wait_max", "reconnect_attempts_max", "health_check_interval",
  "read_resends_max", "client_name", "no_evict", "no_touch", "entry_ttl", "coherence_lease",
  "server_ttl_cap", "module_reads", "only_commands", "only_key_prefixes", "broadcast_prefixes",
  "read_from", "client_az", "replica_lag_max", "redirects_max", "cross_slot_writes"]);

const withOwnNames = (text: string): string => text.replace(/\b[a-z]+(?:_[a-z]+)+\b/g, (name) =>
  coreOptions.has(name) ? name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) : name);

/** The text of an error without the name and the colon in front, and with options as JavaScript has them. */
export const messageOf = (name: ErrorName, text: string): string => {
  const words = text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text;
  return words.includes("_") ? withOwnNames(words) : words;
};

/** The error of this name. `text` may begin with the name and a colon, which the message leaves out. */
export const errorOf = (name: ErrorName, executed: Executed, text: string): PlimsollError => {
  const message = messageOf(name, text);
  switch (name) {
    case "timed_out": return new TimeoutError(name, message, executed);
    case "cancelled": return new CancelledError(name, message, executed);
    case "rejected_by_limit":
    case "out_of_memory":
      return executed === "no"
        ? new LimitError(name, message, executed)
        : new ReplyTooLargeError(name, message, executed);
    case "reply_too_large": return new ReplyTooLargeError(name, message, "yes");
    case "server_error":
    case "cluster_redirect":
    case "cluster_down":
    case "unknown_command":
    case "not_enough_replicas":
    case "read_only_replica":
    case "persistence_failed":
    case "server_out_of_memory":
    case "refused_by_bridge":
    case "transaction_aborted": return new ServerError(name, message, executed);
    case "invalid_argument":
    case "invalid_option":
    case "refused_command": return new ConfigurationError(name, message, executed);
    case "wrong_type": return new DecodeError(name, message, executed);
    case "closed":
    case "forked": return new ClosedError(name, message, executed);
    default: return new ConnectionError(name, message, executed);
  }
};

/** The error of a call whose signal had been aborted before. */
export const abortedBefore = (signal: { readonly reason?: unknown }): CancelledError =>
  new CancelledError("cancelled", "the signal was aborted before the request was made", "no",
    { cause: signal.reason });
