import { CancelledError, ClosedError, ConfigurationError, ConnectionError, type PlimsollError, ServerError,
  TimeoutError } from "../index.js";
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

/** The error of a call when there is no client any more. */
export const isClosed = (): ClosedError => new ClosedError("closed", closedText);

/** The error of what is not here. */
export const notHere = (what: string, instead: string): ConfigurationError =>
  new ConfigurationError("refused_command", `plimsoll/ioredis has no ${what}: ${instead}`);

// The client counts arguments before it sends a command.
const countsArguments = /^([A-Z-]+)[^;]*; expected (?:exactly|at least) \d+ arguments?.*\(is (\d+)/;

// And it counts the keys of scripts. This is what the server says of such numbers.
const ofKeyCounts = new Map([
  ["numkeys is not a number", "ERR value is not an integer or out of range"],
  ["numkeys is larger than the number of words behind it", "ERR Number of keys can't be greater than number of args"],
  ["numkeys is too small", "ERR Number of keys can't be negative"],
]);

// What the server says of the arguments that the client does not send.
const argumentsAnswer = ({ message }: ConfigurationError, name: string): string | undefined =>
  countsArguments.test(message) ? `ERR wrong number of arguments for '${name.toLowerCase()}' command`
    : ofKeyCounts.get(message.split(";", 1)[0]!);

// Why calls end whose client was closed.
const endedByClose = "the client was closed";

// Whether a call has ended because its client has, or its connection. Libraries go by the text: BullMQ takes any other
// error of a job's end for the job's own failure.
const isOfClosedConnection = (error: unknown): boolean => error instanceof CancelledError
  || error instanceof ConnectionError && error.message !== closedText
    && (["closed", "lost_in_doubt", "lost_unsent"].includes(error.code) || error.message === endedByClose);

// What the server answered when the client logged in, such as WRONGPASS.
const loginAnswer = /\(the server said: ([A-Z]+ .*)\)$/s;

/** Whether the server did not let the client in, and said why. */
export const isLoginRefusal = (error: Error): boolean =>
  error instanceof ConnectionError && loginAnswer.test(error.message);

/** Whether the server has refused a password because its user has none. */
export const isNeedlessPassword = (error: Error): boolean =>
  isLoginRefusal(error) && /called without any password configured|no password is set/i.test(error.message);

/** Whether the server has refused a client that gave no password. */
export const wantsPassword = (error: Error): boolean => isLoginRefusal(error) && /NOAUTH/.test(error.message);

/** The error of a command: the server's are ReplyErrors, and those that programs compare by their text have
    ioredis's. The client's own error is the `cause`. */
export const errorOf = (error: unknown, name: string, args: readonly unknown[]): Error => {
  if (error instanceof ServerError) return new ReplyError(error.serverText, error, name, args);
  if (error instanceof ConfigurationError) {
    const answer = argumentsAnswer(error, name);
    return answer === undefined ? error : new ReplyError(answer, error, name, args);
  }
  if (error instanceof TimeoutError) return new Error("Command timed out", { cause: error });
  if (isOfClosedConnection(error)) {
    const { code, executed } = error as PlimsollError;
    return Object.assign(new Error(closedText, { cause: error }), { code, executed });
  }
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

// Which command of a transaction the server has refused, from 1.
const refusedCommand = /\(to command (\d+): none has run\)$/;

/** The place of the command for which a transaction failed, if it is known. */
export const failedPlaceOf = (error: unknown, commands: readonly { name: string; args: readonly unknown[] }[]):
  number | undefined => {
  if (error instanceof ServerError) {
    const [, number] = refusedCommand.exec(error.message) ?? [];
    return number === undefined ? undefined : Number(number) - 1;
  }
  const [, refused, count] = error instanceof ConfigurationError ? countsArguments.exec(error.message) ?? [] : [];
  const place = commands.findIndex(({ name, args }) =>
    name.toUpperCase() === refused && wordsOf(name, args).length - 1 === Number(count));
  return place < 0 ? undefined : place;
};

/** Whether the server has dropped a transaction for the fault of a command, or would have dropped it. */
export const isAbort = (error: unknown): boolean => error instanceof ServerError
  || error instanceof ConfigurationError && countsArguments.test(error.message);

/** The error of a transaction that was dropped for the error of a command. */
export const abortOf = (error: unknown, ofCommand: Error): ReplyError => {
  const aborted = new ReplyError("EXECABORT Transaction discarded because of previous errors.", error, "exec", []);
  return Object.defineProperty(aborted, "previousErrors", { value: [ofCommand] });
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

const transformers = new Map<string, (reply: any) => unknown>([
  ["hgetall", (reply) => Array.isArray(reply) ? fieldsOf(reply) : reply],
]);

/** Has `change` make another reply of that of a command. */
export const setReplyTransformer = (name: string, change: (reply: any) => unknown): void => {
  transformers.set(name, change);
};

/** The reply to a command. */
export const replyOf = (reply: unknown, wanted: Wanted): unknown => {
  const result = converted(reply, wanted);
  const change = transformers.get(wanted.name);
  return change === undefined ? result : change(result);
};
