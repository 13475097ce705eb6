import { type Batch, ServerError, type Transaction } from "../index.js";
import { type Callback, splitCallback, withCallback, wordsOf } from "./arguments.js";
import { type Commander, addCommands, addDefined, operandsOf } from "./commander.js";
import type { CommandDefinition } from "./options.js";
import { errorOf, replyOf } from "./replies.js";

// pipeline() and multi(): commands that are chained, and sent by exec().

/** What exec() resolves to: an error, or a result, for each command. Null: a watched key has changed. */
export type ExecResults = [error: Error | null, result: unknown][] | null;

interface Queued {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly asBuffers: boolean;
  readonly callback: Callback | undefined;
}

/** What a pipeline needs of its Redis. */
export interface PipelineOwner {
  readonly stringNumbers: boolean;
  readonly definitions: ReadonlyMap<string, CommandDefinition>;
  /** Begins a batch. */
  beginBatch(): Promise<Batch>;
  /** Begins a transaction, on the connection that watches keys if there is one. */
  beginTransaction(): Promise<{ transaction: Transaction; end: () => void }>;
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
    for (const [name, ...args] of commands) this.send(String(name).toLowerCase(), args, false);
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
    const batch = await this.#owner.beginBatch();
    for (const each of queued) this.#queue(batch, each);
    return this.#settle(queued, await batch.exec());
  }

  async #execute(queued: readonly Queued[]): Promise<ExecResults> {
    const { transaction, end } = await this.#owner.beginTransaction();
    try {
      for (const each of queued) this.#queue(transaction, each);
      return this.#settle(queued, await transaction.exec());
    } catch (error) {
      if (error instanceof ServerError && error.code === "transaction_aborted"
        && !error.serverText.startsWith("EXECABORT")) return null;
      throw errorOf(error, "exec", []);
    } finally {
      end();
    }
  }

  #queue(queue: Batch | Transaction, { name, args, asBuffers }: Queued): void {
    queue.command(wordsOf(name, args), { as: asBuffers ? "bytes" : "text" }).catch(() => {});
  }

  #settle(queued: readonly Queued[], replies: readonly unknown[]): ExecResults {
    const { stringNumbers } = this.#owner;
    return replies.map((reply, index) => {
      const { name, args, asBuffers, callback } = queued[index]!;
      const error = reply instanceof Error ? errorOf(reply, name, args) : null;
      const result = error === null ? replyOf(reply, { name, asBuffers, stringNumbers }) : undefined;
      if (callback !== undefined) process.nextTick(callback, error, result);
      return [error, result];
    });
  }
}

addCommands(Pipeline.prototype);
