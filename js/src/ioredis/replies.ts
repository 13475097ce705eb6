import { CancelledError, ConfigurationError, ConnectionError, ServerError, TimeoutError } from "../index.js";
import { wordsOf } from "./arguments.js";

// Replies as ioredis gives them.

/** An error of the server's, in its words, or one that the server would have sent. */
export class ReplyError extends Error {
  static { this.prototype.name = "ReplyError"; }
  /** The command that failed. Not shown by console.log(), since arguments may be secrets. */
  declare readonly command: { readonly name: string; readonly args: readonly unknown[] };
  /** Why the server has dropped a transaction. */
  declare readonly previousErrors?: readonly Error[];

  constructor(text: string, cause: unknown, name: string, args: readonly unknown[]) {
    super(text, { cause });
    Object.defineProperty(this, "command", { value: { name, args: wordsOf(name, args).slice(1) } });
  }
}

/** What programs compare of a closed connection. */
export const closedText = "Connection is closed.";

// The client counts arguments before it sends a command.
const countsArguments = /^([A-Z-]+)[^;]*; expected (?:exactly|at least) \d+ argument/;

// Why calls end whose client was closed.
const endedByClose = "the client was closed";

// What the server answered when the client logged in, such as WRONGPASS.
const loginAnswer = /\(the server said: ([A-Z]+ .*)\)$/s;

/** The error of a command: the server's are ReplyErrors, and those that programs compare by their text have
    ioredis's. The client's own error is the `cause`. */
export const errorOf = (error: unknown, name: string, args: readonly unknown[]): Error => {
  if (error instanceof ServerError) return new ReplyError(error.serverText, error, name, args);
  if (error instanceof ConfigurationError && countsArguments.test(error.message)) {
    return new ReplyError(`ERR wrong number of arguments for '${name}' command`, error, name, args);
  }
  if (error instanceof TimeoutError) return new Error("Command timed out", { cause: error });
  if (error instanceof CancelledError || error instanceof ConnectionError && error.message !== closedText
    && (error.code === "closed" || error.message === endedByClose)) return new Error(closedText, { cause: error });
  const answer = error instanceof ConnectionError ? loginAnswer.exec(error.message)?.[1] : undefined;
  return answer === undefined ? error as Error : new ReplyError(answer, error, name, args);
};

const systemError = /\b([a-z]+) (E[A-Z]+) (\S+?)(?::(\d+))?$/;

/** The error of the event "error". That of the system has its code, and the address. */
export const eventErrorOf = (error: Error): Error => {
  const [message, syscall, code, address, port] = systemError.exec(error.message) ?? [];
  if (message === undefined) return errorOf(error, "auth", []);
  const where = port === undefined ? { address } : { address, port: Number(port) };
  return Object.assign(new Error(message, { cause: error }), { syscall, code, ...where });
};

/** The error of a transaction that the server has dropped, or would have dropped. Undefined for other errors. */
export const abortOf = (error: unknown): ReplyError | undefined => {
  const [, name] = error instanceof ConfigurationError ? countsArguments.exec(error.message) ?? [] : [];
  if (!(error instanceof ServerError) && name === undefined) return undefined;
  const aborted = new ReplyError("EXECABORT Transaction discarded because of previous errors.", error, "exec", []);
  const previous = errorOf(error, name?.toLowerCase() ?? "exec", []);
  return Object.defineProperty(aborted, "previousErrors", { value: [previous] });
};

/** How replies are wanted. */
export interface Wanted {
  readonly name: string;
  readonly asBuffers: boolean;
  readonly stringNumbers: boolean;
}

const converted = (reply: unknown, wanted: Wanted): unknown => {
  if (Array.isArray(reply)) return reply.map((each) => converted(each, wanted));
  if (reply instanceof Uint8Array) return Buffer.from(reply.buffer, reply.byteOffset, reply.length);
  if (reply instanceof ServerError) return new ReplyError(reply.serverText, reply, wanted.name, []);
  if (wanted.stringNumbers && (typeof reply === "number" || typeof reply === "bigint")) return String(reply);
  return reply;
};

const fieldsOf = (flat: readonly unknown[]): Record<string, unknown> => {
  const pairs: [string, unknown][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([String(flat[at]), flat[at + 1]]);
  return Object.fromEntries(pairs);
};

/** The reply to a command. */
export const replyOf = (reply: unknown, wanted: Wanted): unknown => {
  const result = converted(reply, wanted);
  return wanted.name === "hgetall" && Array.isArray(result) ? fieldsOf(result) : result;
};
