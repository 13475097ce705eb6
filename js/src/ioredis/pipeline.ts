import { type Batch, ServerError, type Transaction } from "../index.js";
import { type Argument, type Callback, callBack, namesConnection, wordsToPrefix, splitCallback,
  withCallback } from "./arguments.js";
import { type CommandMethods, type Commander, addCommand, addCommands, addDefined, operandsOf,
  redisOnlyNames } from "./commander.js";
import type { CommandDefinition } from "./options.js";
import { abortOf, failedPlaceOf, isAbort, notHere, replyOf } from "./replies.js";

// pipeline() and multi(): commands that are chained, and sent by exec().

/** What exec() resolves to: an error, or null and a result, for each command. Null: a watched key has changed. */
export type ExecResults = [error: Error | null, result?: unknown][] | null;

interface Queued {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly asBuffers: boolean;
  readonly callback: Callback | undefined;
}

/** Commands that are sent together, or executed as one. */
interface Part { readonly isTransaction: boolean; readonly queued: Queued[] }

// Methods of a Pipeline that queue no command.
const ownMethods: ReadonlySet<string> = new Set(["constructor", "addBatch", "run", "send"]);

/** What a pipeline needs of its Redis. */
export interface PipelineOwner {
  readonly stringNumbers: boolean;
  readonly keyPrefix: string;
  readonly definitions: ReadonlyMap<string, CommandDefinition>;
  /** The commands that addBuiltinCommand() has added. */
  readonly added: ReadonlySet<string>;
  /** Calls `use` with a batch, in the order of all calls. */
  withBatch<T>(use: (batch: Batch) => Promise<T>): Promise<T>;
  /** The same with a transaction, on the connection that watches keys if there is one. */
  withTransaction<T>(use: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** The error of a command, as its program sees it. */
  errorOf(error: unknown, name: string, args: readonly unknown[]): Error;
}

/** Commands in a chain: `redis.pipeline().set("a", 1).get("a").exec()`. */
export class Pipeline implements Commander {
  readonly [command: string]: any;
  readonly #owner: PipelineOwner;
  readonly #isTransaction: boolean;
  /** The last one gets the next command. */
  readonly #parts: Part[];

  /** @internal */
  constructor(owner: PipelineOwner, isTransaction: boolean, commands: readonly (readonly unknown[])[] = []) {
    this.#owner = owner;
    this.#isTransaction = isTransaction;
    this.#parts = [{ isTransaction, queued: [] }];
    for (const name of owner.added) addCommand(this, name);
    for (const [name, definition] of owner.definitions) addDefined(this as Commander, name, definition);
    this.addBatch(commands);
  }

  get #last(): Part { return this.#parts.at(-1)!; }

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

  /** The number of commands that are queued. MULTI and EXEC within a pipeline count as well. */
  get length(): number {
    return this.#parts.reduce((sum, part) => sum + part.queued.length + (this.#isInline(part) ? 2 : 0), 0);
  }

  #isInline({ isTransaction }: Part): boolean { return isTransaction && !this.#isTransaction; }

  /** @internal */
  send(name: string, args: readonly unknown[], asBuffers: boolean): this {
    const { own, callback } = splitCallback(args);
    this.#last.queued.push({ name, args: own, asBuffers, callback });
    return this;
  }

  /** The same as call(), with the arguments in a list. */
  send_command(name: string, ...args: Argument[]): this { return this.send(name, args, false); }

  /** @internal */
  run(definition: CommandDefinition, _name: string, args: readonly unknown[], asBuffers: boolean): this {
    return this.send(definition.readOnly === true ? "eval_ro" : "eval",
      [definition.lua, ...operandsOf(definition, args)], asBuffers);
  }

  /** Begins a transaction within a pipeline: the commands up to the next exec(), which returns the pipeline again. */
  multi(): this {
    if (this.#last.isTransaction) throw notHere("multi() within a transaction", "call exec() before it");
    this.#parts.push({ isTransaction: true, queued: [] });
    return this;
  }

  /** Sends what was queued, and resolves to an error or a result for each command. */
  exec(callback?: Callback): Promise<ExecResults> {
    if (this.#isInline(this.#last)) {
      this.#parts.push({ isTransaction: false, queued: [] });
      return this as unknown as Promise<ExecResults>;  // it ends the transaction, and the chain goes on
    }
    const results = this.#isTransaction ? this.#execute(this.#last.queued) : this.#sendAll();
    return withCallback(results, callback);
  }

  /** The same as exec(). */
  execBuffer(callback?: Callback): Promise<ExecResults> { return this.exec(callback); }

  async #sendAll(): Promise<ExecResults> {
    const parts = await Promise.all(this.#parts.map((part) =>
      part.isTransaction ? this.#executeWithin(part.queued) : this.#sendPart(part.queued)));
    return parts.flat();
  }

  async #sendPart(queued: readonly Queued[]): Promise<[Error | null, unknown?][]> {
    if (queued.length === 0) return [];
    const replies = await this.#owner.withBatch((batch) => {
      for (const each of queued) this.#queue(batch, each);
      return batch.exec();
    }).catch((error: unknown) => queued.map(() => error));  // nothing was sent
    const results = this.#resultsOf(queued, replies);
    for (const [place, [error, result]] of results.entries()) {
      const { callback } = queued[place]!;
      if (callback !== undefined) callBack(callback, error, result);
    }
    return results;
  }

  // As the server answers MULTI, each command and EXEC.
  async #executeWithin(queued: readonly Queued[]): Promise<[Error | null, unknown?][]> {
    const last: [Error | null, unknown?] = await this.#execute(queued).then(
      (results) => [null, results === null ? null : results.map(([error, result]) => error ?? result)],
      (error: Error) => [error]);
    return [[null, "OK"], ...queued.map((): [null, string] => [null, "QUEUED"]), last];
  }

  async #execute(queued: readonly Queued[]): Promise<ExecResults> {
    try {
      const replies = await this.#owner.withTransaction((transaction) => {
        for (const each of queued) this.#queue(transaction, each);
        return transaction.exec();
      });
      this.#callQueued(queued);
      return this.#resultsOf(queued, replies);
    } catch (error) {
      const isConflict = error instanceof ServerError && error.code === "transaction_aborted"
        && error.serverText === "";
      if (!isConflict) throw this.#failed(queued, error);
      this.#callQueued(queued);
      return null;  // a key has changed
    }
  }

  /** Calls the callbacks of the commands of a transaction as ioredis does: with the server's answer to each command,
      which says that it waits for EXEC. */
  #callQueued(queued: readonly Queued[], failedPlace?: number, error?: Error): void {
    for (const [place, { callback, asBuffers }] of queued.entries()) {
      if (callback === undefined) continue;
      if (error !== undefined && (failedPlace ?? place) === place) callBack(callback, error);
      else callBack(callback, null, asBuffers ? Buffer.from("QUEUED") : "QUEUED");
    }
  }

  #failed(queued: readonly Queued[], error: unknown): Error {
    const failedPlace = failedPlaceOf(error, queued);
    const { name, args } = queued[failedPlace ?? -1] ?? { name: "exec", args: [] };
    const ofCommand = this.#owner.errorOf(error, name, args);
    this.#callQueued(queued, failedPlace, ofCommand);
    return isAbort(error) ? abortOf(error, ofCommand) : ofCommand;
  }

  #queue(queue: Batch | Transaction, { name, args, asBuffers }: Queued): void {
    // A client has its own name. ECHO takes the place in the replies of what cannot change it.
    const words = namesConnection(name, args) ? ["ECHO", "OK"]
      : wordsToPrefix(name, args, this.#owner.keyPrefix);
    queue.command(words, { as: asBuffers ? "bytes" : "text" }).catch(() => {});
  }

  #resultsOf(queued: readonly Queued[], replies: readonly unknown[]): [Error | null, unknown?][] {
    const { stringNumbers } = this.#owner;
    return replies.map((reply, place) => {
      const { name, args, asBuffers } = queued[place]!;
      if (reply instanceof Error) return [this.#owner.errorOf(reply, name, args)];
      try {
        return [null, replyOf(reply, { name, asBuffers, stringNumbers })];
      } catch (error) {  // of a reply transformer
        return [error as Error];
      }
    });
  }
}

/** The commands, as methods that queue them. */
export interface Pipeline extends CommandMethods<Pipeline> {}

/** The name of the type in ioredis. */
export type ChainableCommander = Pipeline;

/** Where a command is called, as ioredis names it. */
export interface ClientContext { readonly type: "default" | "pipeline" }

/** What a command with the reply `Reply` returns there. */
export type Result<Reply, Context extends ClientContext> =
  Context["type"] extends "pipeline" ? Pipeline : Promise<Reply>;

addCommands(Pipeline.prototype as Commander);
for (const name of redisOnlyNames) {
  Object.defineProperty(Pipeline.prototype, name, {
    value: () => { throw notHere(`${name}() in a pipeline`, `call ${name}() of the Redis`); },
  });
}
