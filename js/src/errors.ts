import type { ErrorName, Executed } from "./core/abi.js";

// What goes wrong, as classes to tell apart by instanceof. The texts say what was wrong, what was
// expected and where; `code` is stable, for logs and metrics.

export type { ErrorName, Executed };

/** Everything that Plimsoll rejects or throws by itself, but for a TypeError of an argument. */
export class PlimsollError extends Error {
  // On the prototypes, as the language's own errors have it.
  static { this.prototype.name = "PlimsollError"; }
  /** "timed_out", "rejected_by_limit"...: see docs/failure.md. */
  readonly code: string;
  /** Whether the server may have executed the request: to try again is safe after "no". */
  readonly executed: Executed;

  constructor(code: string, message: string, executed: Executed = "no", options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.executed = executed;
  }
}

/** The time was up. */
export class TimeoutError extends PlimsollError {
  static { this.prototype.name = "TimeoutError"; }
}

/** The caller ended the request, by its AbortSignal. */
export class CancelledError extends PlimsollError {
  static { this.prototype.name = "CancelledError"; }
}

/** A named limit was reached: nothing was sent. */
export class LimitError extends PlimsollError {
  static { this.prototype.name = "LimitError"; }
}

/** There is no connection, or it was lost with the request: see `executed`. */
export class ConnectionError extends PlimsollError {
  static { this.prototype.name = "ConnectionError"; }
}

/** The client was closed, or has come to its end. */
export class ClosedError extends ConnectionError {
  static { this.prototype.name = "ClosedError"; }
}

/** An option, an address or the words of a command that make no sense. Nothing was sent. */
export class ConfigurationError extends PlimsollError {
  static { this.prototype.name = "ConfigurationError"; }
}

/** There was no room for the reply: it was larger than the memory line or `replyBytesMax` allow, and
    the command has run; or (`out_of_memory`) only a part of it came while others waited for memory: see
    `executed`. */
export class ReplyTooLargeError extends PlimsollError {
  static { this.prototype.name = "ReplyTooLargeError"; }
}

/** The reply cannot be what was asked for: bytes that are no text, for one. */
export class DecodeError extends PlimsollError {
  static { this.prototype.name = "DecodeError"; }
}

/** The server answered with an error. What it refused to run has a `code` of its own, the same as
    natively ("permission_denied", "refused_by_bridge"...: see docs/failure.md); of any other error
    `code` is the first word, "WRONGTYPE", "ERR"... */
export class ServerError extends PlimsollError {
  static { this.prototype.name = "ServerError"; }
  /** What the server said, or the bridge in its place, word for word. */
  readonly serverText: string;

  constructor(code: string, message: string, executed: Executed = "yes",
    serverText: string = message) {
    super(code, message, executed);
    this.serverText = serverText;
  }

  /** The first of the server's words, "WRONGTYPE", "NOPERM"...; "" where the bridge spoke. */
  get serverCode(): string {
    return this.code === "refused_by_bridge" ? "" : firstWord(this.serverText);
  }
}

/** The instance of the WebAssembly module has failed: a bug. The next client gets a new one. */
export class CoreError extends PlimsollError {
  static { this.prototype.name = "CoreError"; }
}

/** What was thrown or told as an error, in words: whatever it is, this does not throw. */
export const wordsOf = (thrown: unknown): string => {
  try {
    const { message, name } = (thrown ?? {}) as Partial<Error>;
    return String(message || name || thrown);
  } catch {
    return "an error that has no words";
  }
};

/** A server that does not know a command repeats what came with it: of AUTH, and of HELLO with AUTH in
    it, that is a password. */
export const withoutSecrets = (words: string): string => {
  const end = words.indexOf(", with args beginning with:");
  return end >= 0 && /'auth'/i.test(words) ? words.slice(0, end) : words;
};

const firstWord = (text: string): string => {
  const end = text.indexOf(" ");
  return end < 0 ? text : text.slice(0, end);
};

// In place of a command that it refuses the bridge has the server answer one that is called like
// this: docs/bridge-protocol.md.
const bridgeWords = /^ERR unknown command ['`]plimsoll-bridge: (.*)['`], with args beginning with:/s;

/** A server's error in its words, or in the bridge's; `name` is what the core makes of them. */
export const serverError = (text: string, executed: Executed = "yes",
  name: ErrorName = "server_error"): ServerError => {
  const words = name === "refused_by_bridge" ? bridgeWords.exec(text)?.[1] ?? text : text;
  return new ServerError(name === "server_error" ? firstWord(words) : name, words, executed);
};

/**
 * What limitError() makes: a LimitError by its prototype, its fields and what it prints, that the engine
 * has recorded no stack for. `stack` names the error and not the place where it was made.
 */
const Refusal = function (this: Record<string, string>, code: string, message: string): void {
  this.stack = `LimitError: ${message}`;
  this.message = message;
  this.code = code;
  this.executed = "no";
} as unknown as new (code: string, message: string) => LimitError;
Refusal.prototype = LimitError.prototype;

/** The error of a request that was refused before it was made. To shed load must be cheaper than to serve
    it, and an Error of the engine's costs as much as half a request, with its stack four. */
export const limitError = (code: string, message: string): LimitError => new Refusal(code, message);

/** The words of an error, without its name and the colon in front of them. */
export const messageOf = (name: ErrorName, text: string): string =>
  text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text;

/** The error of that name; `text` begins with the name and a colon. */
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

/** The error of a call whose signal was aborted already. */
export const abortedBefore = (): CancelledError =>
  new CancelledError("cancelled", "the signal was aborted before the request was made");
