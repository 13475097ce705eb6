import { type Batch, ServerError, type Transaction } from "../index.js";
import { type Callback, callBack, namesConnection, splitCallback, withCallback, wordsOf } from "./arguments.js";
import { type Commander, addCommands, addDefined, operandsOf } from "./commander.js";
import type { CommandDefinition } from "./options.js";
import { abortOf, errorOf, replyOf } from "./replies.js";

// pipeline() and multi(): commands that are chained, and sent by exec().

/** What exec() resolves to: an error, or null and a result, for each command. Null: a watched key has changed. */
export type ExecResults = [error: Error | null, result?: unknown][] | null;

interface Queued {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly asBuffers: boolean;
  readonly callback: Callback | undefined;
}

// Methods of a Pipeline that queue no command.
const ownMethods: ReadonlySet<string> = new Set(["constructor", "addBatch", "exec", "run", "send"]);

/** What a pipeline needs of its Redis. */
export interface PipelineOwner {
  readonly stringNumbers: boolean;
  readonly definitions: ReadonlyMap<string, CommandDefinition>;
  /** Calls `use` with a batch, in the order of all calls. */
  withBatch<T>(use: (batch: Batch) => Promise<T>): Promise<T>;
  /** The same with a transaction, on the connection that watches keys if there is one. */
  withTransaction<T>(use: (transaction: Transaction) => Promise<T>): Promise<T>;
}

/** Commands in a chain: `redis.pipeline().set("a", 1).get("a").exec()`. */
export class Pipeline implements Commander {
  readonly [command: string]: any;
  readonly #owner: PipelineOwner;
  readonly #isTransaction: boolean;
  #queued: Queued[] = [];

  /** @internal */
  constructor(owner: PipelineOwner, isTransaction: boolean, commands: readonly (readonly unknown[])[] = []) {
    this.#owner = owner;
    this.#isTransaction = isTransaction;
    for (const [name, definition] of owner.definitions) addDefined(this as Commander, name, definition);
    this.addBatch(commands);
  }

  /** Queues the commands of a list: the name of the method, then its arguments. */
  addBatch(commands: readonly (readonly unknown[])[]): this {
    for (const [name, ...args] of commands) this.#add(String(name), args);
    return this;
  }

  #add(name: string, args: readonly unknown[]): void {
    const method: unknown = ownMethods.has(name) ? undefined : this[name];
    if (typeof method === "function") method.apply(this, args);
    else this.send(name, args, false);
  }

  /** The number of commands that are queued. */
  get length(): number { return this.#queued.length; }

  /** @internal */
  send(name: string, args: readonly unknown[], asBuffers: boolean): this {
    const { own, callback } = splitCallback(args);
    this.#queued.push({ name, args: own, asBuffers, callback });
    return this;
  }

  /** @internal */
  run(definition: CommandDefinition, _name: string, args: readonly unknown[], asBuffers: boolean): this {
    const { own, callback } = splitCallback(args);
    const { keys, rest } = operandsOf(definition, own);
    const all = [definition.lua, keys.length, ...keys, ...rest, ...callback === undefined ? [] : [callback]];
    return this.send(definition.readOnly === true ? "eval_ro" : "eval", all, asBuffers);
  }

  /** Sends what was queued, and resolves to an error or a result for each command. */
  exec(callback?: Callback): Promise<ExecResults> {
    const queued = this.#queued;
    this.#queued = [];
    return withCallback(this.#isTransaction ? this.#execute(queued) : this.#sendAll(queued), callback);
  }

  async #sendAll(queued: readonly Queued[]): Promise<ExecResults> {
    const replies = await this.#owner.withBatch((batch) => {
      for (const each of queued) this.#queue(batch, each);
      return batch.exec();
    }).catch((error: unknown) => queued.map(() => error));  // nothing was sent
    return this.#settle(queued, replies);
  }

  async #execute(queued: readonly Queued[]): Promise<ExecResults> {
    try {
      return this.#settle(queued, await this.#owner.withTransaction((transaction) => {
        for (const each of queued) this.#queue(transaction, each);
        return transaction.exec();
      }));
    } catch (error) {
      const isConflict = error instanceof ServerError && error.code === "transaction_aborted"
        && error.serverText === "";
      if (isConflict) return null;  // a key has changed
      throw abortOf(error) ?? errorOf(error, "exec", []);
    }
  }

  #queue(queue: Batch | Transaction, { name, args, asBuffers }: Queued): void {
    // A client has its own name. ECHO takes the place in the replies of what cannot change it.
    const words = namesConnection(name, args) ? ["ECHO", "OK"] : wordsOf(name, args);
    queue.command(words, { as: asBuffers ? "bytes" : "text" }).catch(() => {});
  }

  #settle(queued: readonly Queued[], replies: readonly unknown[]): ExecResults {
    const { stringNumbers } = this.#owner;
    return replies.map((reply, index) => {
      const { name, args, asBuffers, callback } = queued[index]!;
      const error = reply instanceof Error ? errorOf(reply, name, args) : null;
      const result = error === null ? replyOf(reply, { name, asBuffers, stringNumbers }) : undefined;
      if (callback !== undefined) callBack(callback, error, result);
      return error === null ? [null, result] : [error];
    });
  }
}

addCommands(Pipeline.prototype);
