import { refusedCall } from "./caller-stack.js";
import { type AnyReply, type CallOptions, type Key, type Shape, type Word,
  anyReply } from "./commands/call.js";
import { checkNames } from "./commands/call-options.js";
import { described } from "./commands/problem.js";
import { checkedNames, checkedWords } from "./commands/words.js";
import type { Driver } from "./driver.js";
import { ConfigurationError, ConnectionError, ServerError } from "./errors.js";
import { CommandSet } from "./generated/commands.js";
import { startTimer } from "./own-timers.js";
import { Transaction } from "./transaction.js";

// Connections that one caller has alone: for WATCH, the reads behind it and the transaction that depends on
// them, and for WAIT.

/**
 * A connection that a caller has alone, with all commands except those that block. Client.exclusive() opens
 * it. It is never replaced: when it is lost, each call rejects with a ConnectionError.
 *
 *     const acknowledged = await client.exclusive(async (own) => {
 *       await own.set("order:7", "paid");
 *       return own.wait(1, 100);
 *     });
 */
export class Exclusive extends CommandSet {
  readonly #driver: Driver;
  readonly #connection: number;
  #isOver = false;

  /** @internal */
  constructor(driver: Driver) {
    super();
    this.#driver = driver;
    const { core, id } = driver;
    this.#connection = core.ask(() => core.calls.plimsoll_open_exclusive(id, core.now()));
    driver.schedule();
  }

  /** Makes the next transaction of this connection fail with transaction_aborted if one of the keys changes
      before its exec(). */
  watch(keys: Key | readonly Key[], options?: CallOptions): Promise<void> {
    return this.#change(() => ["WATCH", ...checkedNames("watch", keys)], options);
  }

  /** Watches no key any more. exec() does the same, and so does the end of exclusive(). */
  unwatch(options?: CallOptions): Promise<void> {
    return this.#change(() => ["UNWATCH"], options);
  }

  /** Begins a transaction on this connection. */
  transaction(): Transaction { return new Transaction(this.#driver, this.#connection, this); }

  /** @internal */
  checkHolds(): void { if (this.#isOver) throw givenBack(); }

  /** Sends any command, given as its words. */
  async command(words: readonly Word[], options?: CallOptions): Promise<AnyReply> {
    const own = checkedWords(words);
    checkNames(options);
    return this.sendWords(own, anyReply, options) as Promise<AnyReply>;
  }

  // The words are made here, so that a mistake in them is a rejection.
  async #change(words: () => Word[], options: CallOptions | undefined): Promise<void> {
    checkNames(options);
    await this.sendWords(words(), anyReply, options);
  }

  /** @internal */
  override sendWords(words: Word[], shape: Shape, options: CallOptions | undefined):
    Promise<unknown> {
    if (this.#isOver) return refusedCall(givenBack());
    const wanted = { shape, options, asMaps: shape === anyReply };
    return this.#driver.submitTo(this.#connection, words, wanted);
  }

  /** @internal Gives the connection back to the client. */
  release(): void {
    this.#isOver = true;
    if (this.#driver.end !== undefined) return;
    const { core, id } = this.#driver;
    core.ask(() => core.calls.plimsoll_release(id, this.#connection, core.now()));
    this.#driver.schedule();
  }
}

const givenBack = (): ConfigurationError => new ConfigurationError("refused_command",
  "exclusive() is over: its connection was given back to the client");

/** Options of Client.transact(). */
export interface TransactOptions extends CallOptions {
  /** How often to try. Default: 16. */
  readonly attemptsMax?: number | undefined;
}

// The same code with words of the server's says that it took one of the commands for wrong, and would again.
const isConflict = (error: unknown): boolean => error instanceof ServerError &&
  error.code === "transaction_aborted" && error.serverText === "";

// The connection is gone, and what it watched. Nothing of the transaction was executed.
const isLost = (error: unknown, wasSent: boolean): boolean => error instanceof ConnectionError &&
  (error.code === "connection_lost" || error.code === "lost_unsent" ||
    (error.code === "lost_in_doubt" && !wasSent));

// Nothing was executed. The slot has moved, and the client knows now where it is; or half of it has (ASK), and it will take
// a moment until the rest follows; or nobody serves it, and an election, or the cluster's operator, will give it an owner.
const isOnTheMove = (error: unknown): boolean => error instanceof ServerError &&
  (error.code === "cluster_redirect" || error.code === "cluster_down");

// Half of the wait is drawn, so that the programs that wait for one election do not all begin again at once.
const waitBehind = (attempts: number): Promise<void> => {
  const most = Math.min(10 * 2 ** (attempts - 1), 500);
  return new Promise((resolve) => { startTimer(resolve, most * (1 - Math.random() / 2)); });
};

/** @internal Client.transact(), on as many connections as it takes; `exclusive` lends one. */
export const transactOn = async (
  exclusive: <T>(use: (own: Exclusive) => Promise<T>) => Promise<T>,
  keys: Key | readonly Key[], prepare: (own: Exclusive) => Transaction | Promise<Transaction>,
  given: TransactOptions): Promise<unknown[]> => {
  checkNames(given, ["attemptsMax"]);
  const { attemptsMax = 16, ...options } = given;
  if (!Number.isInteger(attemptsMax) || attemptsMax < 1) {
    throw new TypeError(`attemptsMax: got ${described(attemptsMax)}; give a whole number from 1`);
  }
  if (typeof prepare !== "function") {
    throw new TypeError(`transact: got ${described(prepare)}; give a function of an Exclusive that returns a transaction`);
  }
  let attempts = 0;
  let wasSent = false;
  const attempt = async (own: Exclusive): Promise<unknown[]> => {
    ++attempts;
    wasSent = false;
    await own.watch(keys, options);
    const transaction = await prepare(own);
    if (!(transaction instanceof Transaction) || transaction.owner !== own) {
      throw new TypeError("transact: the function must return a transaction of its argument: " +
        "own.transaction()");
    }
    wasSent = true;
    return transaction.exec(options);
  };
  const onOneConnection = async (own: Exclusive): Promise<unknown[]> => {
    for (;;) {
      try {
        return await attempt(own);
      } catch (error) {
        const isAgain = isConflict(error) || isOnTheMove(error);
        if (!isAgain || attempts >= attemptsMax) throw error;
        if (!isConflict(error)) await waitBehind(attempts);
      }
    }
  };
  for (;;) {
    const before = attempts;
    wasSent = false;
    try {
      return await exclusive(onOneConnection);
    } catch (error) {
      // A connection that was lost while it was opened was an attempt, too.
      attempts = Math.max(attempts, before + 1);
      if (!isLost(error, wasSent) || attempts >= attemptsMax) throw error;
      await waitBehind(attempts);
    }
  }
};
