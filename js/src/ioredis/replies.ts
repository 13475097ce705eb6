import { ServerError } from "../index.js";

// Replies as ioredis gives them.

/** An error of the server's, in its words. */
export class ReplyError extends Error {
  static { this.prototype.name = "ReplyError"; }
  /** The command that failed. Not shown by console.log(), since arguments may be secrets. */
  declare readonly command: { readonly name: string; readonly args: readonly unknown[] };

  constructor(cause: ServerError, name: string, args: readonly unknown[]) {
    super(cause.serverText, { cause });
    Object.defineProperty(this, "command", { value: { name, args } });
  }
}

/** The error of a command: the server's are ReplyErrors. */
export const errorOf = (error: unknown, name: string, args: readonly unknown[]): Error =>
  error instanceof ServerError ? new ReplyError(error, name, args) : error as Error;

/** How replies are wanted. */
export interface Wanted {
  readonly name: string;
  readonly asBuffers: boolean;
  readonly stringNumbers: boolean;
}

const converted = (reply: unknown, wanted: Wanted): unknown => {
  if (Array.isArray(reply)) return reply.map((each) => converted(each, wanted));
  if (reply instanceof Uint8Array) return Buffer.from(reply.buffer, reply.byteOffset, reply.length);
  if (reply instanceof ServerError) return new ReplyError(reply, wanted.name, []);
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
