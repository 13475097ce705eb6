import { type As, type CallOptions, type Raw, type Shape, anyReply } from "./commands/call.js";
import { checkNames, ownCallOptions } from "./commands/call-options.js";
import { type Wish, asWished } from "./commands/decoders.js";
import { inCapitals } from "./commands/words.js";
import { CommandQueue, type QueuedCommand } from "./command-queue.js";
import type { Decoding } from "./core/decode.js";
import type { Driver } from "./driver.js";
import { ServerError } from "./errors.js";

// Transactions: MULTI, the commands and EXEC, in one request.

// A script may write and then answer with any error, also with one that reads like a refusal.
const scripts = new Set(["EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"]);

/** @internal The user of an exclusive connection, who gives it back in the end: then it may be somebody else's. */
export interface TransactionOwner {
  /** Throws once the connection was given back. */
  checkHolds(): void;
}

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
export class Transaction extends CommandQueue {
  readonly #connection: number;
  /** @internal The user of the exclusive connection on which this was begun. */
  readonly owner: TransactionOwner | undefined;

  /** @internal `connection`: the main one (0), or that of `owner`. */
  constructor(driver: Driver, connection = 0, owner?: TransactionOwner) {
    super(driver, "transaction");
    this.#connection = connection;
    this.owner = owner;
  }

  /** @internal exec() has the options that are about the whole request. */
  protected override checkQueued(options: CallOptions): void {
    for (const name of ["signal", "timeout", "maxStaleness"] as const) {
      if (options[name] === undefined) continue;
      throw new TypeError(`${name}: this call is a part of a transaction; give it to exec()`);
    }
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
    options = options && ownCallOptions(options);
    this.owner?.checkHolds();
    const commands = this.takeAll();
    if (commands.length === 0) return [];
    const waiting = commands.map((command) => waitingOf(command, options?.as, this.driver));
    const outcome = this.driver.submitTransaction(this.#connection,
      commands.map(({ words }) => words), waiting, options);
    return settled(outcome, waiting);
  }
}

// What is left of a queued command once its words were submitted.
interface Waiting extends Decoding {
  readonly wish: Wish;
  readonly shape: Shape;
  readonly isScript: boolean;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

const waitingOf = ({ words, shape, options, resolve, reject }: QueuedCommand,
  asOfAll: As | undefined, driver: Driver): Waiting => {
  const wish = driver.changes.wishFor(words, options?.as ?? asOfAll);
  const asMaps = shape === anyReply;
  const isScript = scripts.has(inCapitals(words[0] ?? ""));
  return { wish, form: wish.form, asMaps, shape, isScript, resolve, reject };
};

const settled = async (outcome: Promise<unknown>, waiting: readonly Waiting[]):
  Promise<unknown[]> => {
  try {
    const replies = await outcome;
    if (replies === null) throw changed();
    return (replies as Raw[]).map((reply, index) => settle(reply, waiting[index]!));
  } catch (error) {
    for (const each of waiting) each.reject(error);
    throw error;
  }
};

const settle = (reply: Raw, { wish, shape, isScript, resolve, reject }: Waiting): unknown => {
  try {
    if (reply instanceof Error) throw isScript ? ofScript(reply) : reply;
    const value = asWished(reply, shape, wish);
    resolve(value);
    return value;
  } catch (error) {
    reject(error);
    return error;
  }
};

const changed = (): ServerError => new ServerError("transaction_aborted",
  "a key that was watched has changed: none of the commands has run", "no", "");  // the server said nothing

const ofScript = (error: Error): Error =>
  error instanceof ServerError && error.executed === "no"
    ? new ServerError(error.code, error.message, "maybe", error.serverText) : error;
