import { type As, type CallOptions, type Raw, type Shape, type Word,
  anyReply } from "./commands/call.js";
import { checkCallOptions, checkNames } from "./commands/call-options.js";
import { checkedWords } from "./commands/words.js";
import type { Driver } from "./driver.js";
import { ConfigurationError, ServerError } from "./errors.js";
import { type Held, heldBytes } from "./held.js";
import { CommandSet } from "./generated/commands.js";

// Transactions: MULTI, the commands and EXEC, in one request.

// The charge for a transaction's queued commands. A separate object, because it outlives the transaction.
interface Queued { readonly held: Held; bytes: number }

// Gives back the memory of a transaction that was dropped without exec() or discard(). Some versions of
// workerd have no FinalizationRegistry: there the caller has to call one of the two, or close the client.
const dropped = typeof FinalizationRegistry === "undefined" ? undefined
  : new FinalizationRegistry<Queued>(({ held, bytes }) => held.letGo(bytes));

// A script may write and then answer with any error, also with one that reads like a refusal.
const scripts = new Set(["EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"]);

const nameOf = (words: readonly Word[]): string => {
  const [name = ""] = words;
  return (typeof name === "string" ? name : new TextDecoder().decode(name)).toUpperCase();
};

/**
 * Queues the commands that are called on it; exec() has the server execute all of them or none. Each call
 * returns a promise of its own reply, which settles with exec(). Commands that block are refused.
 *
 *     const both = client.transaction();
 *     const count = both.incr("visits");
 *     both.expire("visits", 60);
 *     await both.exec();
 *     console.log(await count);
 */
export class Transaction extends CommandSet {
  readonly #driver: Driver;
  readonly #connection: number;
  readonly #queued: Queued;
  #commands: Word[][] = [];
  readonly #waiting: {
    resolve: (value: unknown) => void;
    reject: (error: unknown) => void;
    shape: Shape;
    as: As | undefined;
    isScript: boolean;
  }[] = [];
  #done = false;

  /** @internal `connection`: the main one (0), or an exclusive one. */
  constructor(driver: Driver, connection = 0) {
    super();
    this.#driver = driver;
    this.#connection = connection;
    this.#queued = { held: driver.held, bytes: 0 };
    dropped?.register(this, this.#queued, this);
  }

  #problem: unknown;

  /** The number of commands that are queued. */
  get size(): number { return this.#commands.length; }

  /** Drops the queued commands and gives back their memory. Their promises reject with a
      ConfigurationError. */
  discard(): void {
    if (this.#done) return;
    this.#done = true;
    this.#letGo();
    const error = new ConfigurationError("refused_command", "the transaction was discarded");
    for (const each of this.#waiting) each.reject(error);
  }

  /** Queues any command, given as its words. */
  command(words: readonly Word[], options?: CallOptions): Promise<unknown> {
    let own: Word[];
    try {
      own = checkedWords(words);
      checkNames(options);
    } catch (error) {
      return this.refuseWords(error);
    }
    return this.sendWords(own, anyReply, options);
  }

  /** @internal */
  override sendWords(words: Word[], shape: Shape, options: CallOptions | undefined):
    Promise<unknown> {
    if (this.#done) return Promise.reject(new ConfigurationError("refused_command",
      "the transaction is over: begin another one"));
    if (this.#problem !== undefined) return this.refuseWords(this.#problem);
    const bytes = heldBytes(words);
    try {
      if (options !== undefined) checkQueued(options);
      this.#queued.held.hold(bytes);
    } catch (error) {
      return this.refuseWords(error);
    }
    this.#queued.bytes += bytes;
    this.#commands.push(words);
    const isScript = scripts.has(nameOf(words));
    const reply = new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, shape, as: options?.as, isScript });
    });
    reply.catch(() => {});  // no unhandled rejection if the caller awaits only exec(), which rejects, too
    return reply;
  }

  /** @internal A call with an invalid argument: exec() rejects with its error, and executes nothing. */
  override refuseWords(error: unknown): Promise<never> {
    this.#problem ??= error;
    const refused = Promise.reject(error);
    refused.catch(() => {});
    return refused;
  }

  /**
   * Has the server execute the queued commands. Resolves to all replies, in order. The reply to a command
   * that failed is a ServerError among them, and one that cannot be returned as it was asked for a
   * DecodeError; strings come as `options.as` says, unless the command's own options say otherwise. Rejects
   * if the server executed none of them (`executed` is "no"), or if that is unknown ("maybe"). A transaction
   * can be executed once.
   */
  async exec(options?: CallOptions): Promise<unknown[]> {
    checkNames(options);
    if (options !== undefined) checkCallOptions(options);
    if (this.#done) {
      throw new ConfigurationError("refused_command",
        "the transaction is over: begin another one");
    }
    this.#done = true;
    if (this.#commands.length === 0 && this.#problem === undefined) {
      this.#letGo();
      return [];
    }
    try {
      if (this.#problem !== undefined) throw this.#problem;
      for (const each of this.#waiting) each.as ??= options?.as ?? "text";
      const each = this.#waiting.map(({ as, shape }) =>
        ({ asBytes: as === "bytes", asMaps: shape === anyReply }));
      const outcome =
        this.#driver.submitTransaction(this.#connection, this.#commands, each, options);
      this.#letGo();  // the core has copied the words, or has refused them
      const replies = await outcome;
      if (replies === null) throw changed();
      return (replies as Raw[]).map((reply, index) => this.#settle(reply, index));
    } catch (error) {
      this.#letGo();
      for (const each of this.#waiting) each.reject(error);
      throw error;
    }
  }

  #letGo(): void {
    dropped?.unregister(this);
    this.#commands = [];
    const { held, bytes } = this.#queued;
    this.#queued.bytes = 0;
    held.letGo(bytes);
  }

  #settle(reply: Raw, index: number): unknown {
    const { resolve, reject, shape, as, isScript } = this.#waiting[index]!;
    try {
      if (reply instanceof Error) throw isScript ? ofScript(reply) : reply;
      const value = shape === undefined ? reply : shape(reply, as ?? "text");
      resolve(value);
      return value;
    } catch (error) {
      reject(error);
      return error;
    }
  }
}

const changed = (): ServerError => new ServerError("transaction_aborted",
  "a key that was watched has changed: none of the commands has run", "no");

const ofScript = (error: Error): Error =>
  error instanceof ServerError && error.executed === "no"
    ? new ServerError(error.code, error.message, "maybe", error.serverText) : error;

// exec() has the options that are about the whole request.
const checkQueued = (options: CallOptions): void => {
  checkCallOptions(options);
  for (const name of ["signal", "timeout", "maxStaleness"] as const) {
    if (options[name] === undefined) continue;
    throw new TypeError(`${name}: this call is a part of a transaction; give it to exec()`);
  }
};
