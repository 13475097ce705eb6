import type { ErrorName, Executed } from "./core/abi.js";

// What goes wrong, as classes to tell apart by instanceof. The texts say what was wrong, what was
// expected and where; `code` is stable, for logs and metrics.

export type { ErrorName, Executed };

/** Everything that Plimsoll rejects or throws by itself, but for a TypeError of an argument. */
export class PlimsollError extends Error {
  override readonly name: string = "PlimsollError";
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
  override readonly name: string = "TimeoutError";
}

/** The caller ended the request, by its AbortSignal. */
export class CancelledError extends PlimsollError {
  override readonly name: string = "CancelledError";
}

/** A named limit was reached: nothing was sent. */
export class LimitError extends PlimsollError {
  override readonly name: string = "LimitError";
}

/** There is no connection, or it was lost with the request: see `executed`. */
export class ConnectionError extends PlimsollError {
  override readonly name: string = "ConnectionError";
}

/** The client was closed, or has come to its end. */
export class ClosedError extends ConnectionError {
  override readonly name: string = "ClosedError";
}

/** An option, an address or the words of a command that make no sense. Nothing was sent. */
export class ConfigurationError extends PlimsollError {
  override readonly name: string = "ConfigurationError";
}

/** The reply was too large for the memory line, or for `replyBytesMax`. The command has run. */
export class ReplyTooLargeError extends PlimsollError {
  override readonly name: string = "ReplyTooLargeError";
}

/** The reply cannot be what was asked for: bytes that are no text, for one. */
export class DecodeError extends PlimsollError {
  override readonly name: string = "DecodeError";
}

/** The server answered with an error. `code` is its first word: "WRONGTYPE", "NOPERM", "ERR"... */
export class ServerError extends PlimsollError {
  override readonly name: string = "ServerError";
}

/** The instance of the WebAssembly module has failed: a bug. The next client gets a new one. */
export class CoreError extends PlimsollError {
  override readonly name: string = "CoreError";
}

/** A server that does not know a command repeats what came with it: of AUTH, and of HELLO with AUTH in
    it, that is a password. */
export const withoutSecrets = (words: string): string => {
  const end = words.indexOf(", with args beginning with:");
  return end >= 0 && /'auth'/i.test(words) ? words.slice(0, end) : words;
};

/** The first word of a server's error, and the whole as the message. */
export const serverError = (text: string, executed: Executed = "yes"): ServerError => {
  const end = text.indexOf(" ");
  return new ServerError(end < 0 ? text : text.slice(0, end), text, executed);
};

/** The error of that name; `text` begins with the name and a colon. */
export const errorOf = (name: ErrorName, executed: Executed, text: string): PlimsollError => {
  const message = text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text;
  switch (name) {
    case "timed_out": return new TimeoutError(name, message, executed);
    case "cancelled": return new CancelledError(name, message, executed);
    case "rejected_by_limit":
    case "out_of_memory": return new LimitError(name, message, executed);
    case "reply_too_large": return new ReplyTooLargeError(name, message, "yes");
    case "server_error":
    case "cluster_redirect":
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
