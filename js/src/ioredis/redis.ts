import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Readable } from "node:stream";
import { type CallOptions, type Client, ConnectionError, ServerError, type SubscriptionKind, type Transaction,
  type Word } from "../index.js";
import { type Argument, type Callback, namesConnection, wordsToPrefix, splitCallback, withCallback,
  wordsOf } from "./arguments.js";
import { Command, type CommandMethods, type Commander, type MethodPair, addCommand, addCommands, addDefined,
  builtInNames, methodsOf, operandsOf } from "./commander.js";
import { Life } from "./life.js";
import { type CommandDefinition, type RedisOptions, type ScanStreamOptions, type Settings,
  settingsOf } from "./options.js";
import { type ExecResults, Pipeline, type PipelineOwner } from "./pipeline.js";
import { notHere, replyOf } from "./replies.js";
import { scanStreamOf } from "./scan-stream.js";
import { Subscriber } from "./subscriber.js";
import { Watcher } from "./watcher.js";

// ioredis's class over a Client, so that a program changes one import.

// Commands that may wait in the server, without an end. disconnect() ends them at once: otherwise they would take
// elements of lists for a client that nobody listens to.
const waiting: ReadonlySet<string> = new Set(["blpop", "brpop", "brpoplpush", "blmove", "blmpop", "bzpopmin",
  "bzpopmax", "bzmpop", "xread", "xreadgroup"]);

/** Options of multi(). */
export interface MultiOptions { readonly pipeline?: boolean | undefined }

/**
 * ioredis's surface over a Client: all commands with their arguments as ioredis takes them, pipelines,
 * transactions, messages as events, streams of scans, and commands of scripts. What it does not do throws a
 * ConfigurationError that names it; docs/javascript.md lists what is different.
 */
export class Redis extends EventEmitter implements Commander {
  // Bundlers rename a class that names itself.
  static { Object.defineProperty(this, "name", { value: "Redis" }); }
  readonly [command: string]: any;
  /** "wait", "connecting", "ready", "reconnecting", "end". */
  status = "wait";
  readonly options: RedisOptions;
  readonly isCluster = false;
  readonly mode = "normal";
  readonly #settings: Settings;
  /** The SHA-1 of each script, and which of them were sent. */
  readonly #scripts = new Map<CommandDefinition, string>();
  readonly #sent = new WeakSet<CommandDefinition>();
  readonly #definitions = new Map<string, CommandDefinition>();
  /** The commands that addBuiltinCommand() has added. */
  readonly #added = new Set<string>();
  readonly #life: Life;
  readonly #subscriber: Subscriber;
  readonly #watcher: Watcher;
  /** What ends the calls that may wait in the server. A Client bounds how many there are. */
  readonly #ends = new Set<AbortController>();

  /** `new Redis()`, `(port)`, `(port, host)`, `(path)`, `(url)`, each with options behind them, or `(options)`. */
  constructor(...args: readonly unknown[]) {
    super();
    this.#settings = settingsOf(args);
    this.options = this.#settings.options;
    const connected = (): Promise<Client> => this.#life.connected();
    this.#watcher = new Watcher(connected);
    this.#subscriber = new Subscriber({ events: this, connected,
      reconnectWait: this.#settings.client.reconnectWaitMin });
    for (const [name, definition] of Object.entries(this.options.scripts ?? {})) {
      this.defineCommand(name, definition);
    }
    this.#life = new Life(this, this.#settings, {
      leave: () => { this.#watcher.take(); },
      moveTo: () => {
        if (this.options.autoResubscribe === false) this.#subscriber.forget();
        else this.#subscriber.reopen();
      },
    });
  }

  // ---- Connections

  /** Connects. Rejects if the first attempt fails; the client then goes on as retryStrategy says. */
  connect(callback?: Callback): Promise<void> {
    return withCallback(this.#life.connect(), callback);
  }

  /** Waits for outstanding replies, then closes. Resolves to "OK". */
  quit(callback?: Callback): Promise<"OK"> {
    return withCallback(this.#quit(), callback);
  }

  #quit(): Promise<"OK"> {
    return this.#life.quit((client) => Promise.all([lastReply(client), this.#subscriber.quit()]))
      .finally(() => this.#subscriber.close());
  }

  #leave(): void {
    this.#life.quit(async () => {}).catch(() => {});
    this.#subscriber.close();
  }

  /** The same without a promise. With `reconnect`, another connection follows, as retryStrategy says. */
  disconnect(reconnect = false): void {
    for (const end of this.#ends) end.abort();
    if (reconnect) this.#life.replace();
    else this.#leave();
  }

  /** The same as disconnect(). */
  end(): void { this.disconnect(); }

  /** The same as `new Redis(...)`. */
  static createClient(...args: readonly unknown[]): Redis { return new Redis(...args); }

  /** The names of the commands that have methods. */
  getBuiltinCommands(): string[] { return builtInNames(); }

  /** Functions that send this command, for an object of a Redis's kind. */
  createBuiltinCommand(name: string): MethodPair {
    return methodsOf(name);
  }

  /** Adds methods for a command: to this Redis and its pipelines. */
  addBuiltinCommand(name: string): void {
    this.#added.add(name);
    addCommand(this, name);
  }

  /** Another Redis as this one, with `changes` to its options. */
  duplicate(changes: RedisOptions = {}): Redis {
    return new Redis({ ...this.options, ...changes });
  }

  // ---- Commands

  /** @internal */
  send(name: string, args: readonly unknown[], asBuffers: boolean): Promise<unknown> {
    const { own, callback } = splitCallback(args);
    return withCallback(this.#send(name, own, asBuffers), callback);
  }

  async #send(name: string, args: readonly unknown[], asBuffers: boolean): Promise<unknown> {
    // A client has the name that it was made with; programs that set one later must not fail for that.
    if (namesConnection(name, args)) return "OK";
    try {
      const words = wordsToPrefix(name, args, this.#keyPrefix);
      const options: CallOptions = { as: asBuffers ? "bytes" : "text" };
      const reply = await (waiting.has(name.toLowerCase()) ? this.#wait(words, options)
        : this.#life.with((client) => client.command(words, options)));
      return replyOf(reply, { name, asBuffers, stringNumbers: this.#stringNumbers });
    } catch (error) {
      throw this.#life.errorOf(error, name, args);
    }
  }

  // A command that may wait in the server: commandTimeout counts for it as well, and disconnect() ends it. One that only
  // reads is sent again if its connection is lost, as other reads are, with its whole time.
  async #wait(words: readonly Word[], options: CallOptions): Promise<unknown> {
    const end = new AbortController();
    this.#ends.add(end);
    const attempt = (resendsLeft: number): Promise<unknown> => this.#life.with((client) => client.command(words,
      { ...options, signal: end.signal, timeout: this.options.commandTimeout ?? undefined }))
      .catch((error: unknown) => {
        const isLost = error instanceof ConnectionError && error.code === "lost_in_doubt";
        if (!isLost || end.signal.aborted || resendsLeft === 0) throw error;
        return attempt(resendsLeft - 1);
      });
    const onlyReads = /^xread$/i.test(words[0] as string);
    const { readResendsMax = 0 } = this.#settings.client;
    try {
      return await attempt(onlyReads ? readResendsMax : 0);
    } finally {
      this.#ends.delete(end);
    }
  }

  get #keyPrefix(): string { return this.#settings.client.keyPrefix ?? ""; }

  /** The same as call(), with the arguments in a list. */
  send_command(name: string, ...args: Argument[]): Promise<any> { return this.send(name, args, false); }

  /** Sends a Command, and settles its promise. */
  sendCommand(command: Command): Promise<any> {
    if (!(command instanceof Command)) {
      return Promise.reject(notHere("sendCommand() of other objects", 'give a Command, or use call("NAME", ...args)'));
    }
    this.#send(command.name, command.args, command.asBuffers).then(command.resolve, command.reject);
    return command.promise;
  }

  get #stringNumbers(): boolean { return this.options.stringNumbers === true; }

  /** Defines a command that runs a script: a method of this Redis and its pipelines. */
  defineCommand(name: string, definition: CommandDefinition): void {
    this.#scripts.set(definition, createHash("sha1").update(definition.lua).digest("hex"));
    this.#definitions.set(name, definition);
    addDefined(this as Commander, name, definition);
  }

  /** @internal */
  run(definition: CommandDefinition, name: string, args: readonly unknown[], asBuffers: boolean):
    Promise<unknown> {
    const { own, callback } = splitCallback(args);
    return withCallback(this.#run(definition, name, own, asBuffers), callback);
  }

  async #run(definition: CommandDefinition, name: string, args: readonly unknown[], asBuffers: boolean):
    Promise<unknown> {
    const { lua, readOnly } = definition;
    const [, ...operands] = wordsOf(name, operandsOf(definition, args));
    const options = { as: asBuffers ? "bytes" as const : "text" as const };
    const suffix = readOnly === true ? "_RO" : "";
    const byText = (client: Client) => client.command([`EVAL${suffix}`, lua, ...operands], options);
    try {
      // The first call sends the text, so that calls behind it find the script: they keep their order.
      const sha = this.#sent.has(definition) ? this.#scripts.get(definition) : undefined;
      this.#sent.add(definition);
      const reply = await this.#life.with((client) => sha === undefined ? byText(client)
        : client.command([`EVALSHA${suffix}`, sha, ...operands], options).catch((error: unknown) => {
          const { message } = error as Error;
          if (!(error instanceof ServerError) || !message.startsWith("NOSCRIPT No matching script")) throw error;
          return byText(client);
        }));
      return replyOf(reply, { name, asBuffers, stringNumbers: this.#stringNumbers });
    } catch (error) {
      throw this.#life.errorOf(error, name, args);
    }
  }

  // ---- Pipelines and transactions

  /** Begins a chain of commands. */
  pipeline(commands?: readonly (readonly unknown[])[]): Pipeline {
    return new Pipeline(this.#asOwner, false, commands);
  }

  /** Begins a chain of commands that are executed as one. */
  multi(commands?: readonly (readonly unknown[])[] | MultiOptions, options?: MultiOptions): Pipeline {
    const isList = Array.isArray(commands);
    const { pipeline } = (isList ? options : commands as MultiOptions | undefined) ?? {};
    if (pipeline === false) throw notHere("multi({ pipeline: false })", "chain the commands behind multi()");
    return new Pipeline(this.#asOwner, true, isList ? commands : []);
  }

  readonly #asOwner: PipelineOwner = (() => {
    const self = this;
    return {
      get stringNumbers() { return self.#stringNumbers; },
      get keyPrefix() { return self.#keyPrefix; },
      definitions: this.#definitions,
      added: this.#added,
      withBatch: (use) => this.#life.with((client) => use(client.batch())),
      withTransaction: (use) => this.#withTransaction(use),
      errorOf: (error, name, args) => this.#life.errorOf(error, name, args),
    };
  })();

  async #withTransaction<T>(use: (transaction: Transaction) => Promise<T>): Promise<T> {
    const watching = this.#watcher.take();
    if (watching === undefined) return this.#life.with((client) => use(client.transaction()));
    const { own, release } = await watching;
    try {
      return await use(own.transaction());
    } finally {
      release();
    }
  }

  /** Watches keys until the next transaction of this Redis, on a connection of its own. */
  watch(...args: Argument[]): Promise<"OK"> {
    const { own: keys, callback } = splitCallback(args);
    return withCallback(this.#watch(keys), callback);
  }

  async #watch(keys: readonly unknown[]): Promise<"OK"> {
    const [, ...words] = wordsOf("watch", keys);
    await this.#watcher.watch(words).catch((error: unknown) => {
      throw this.#life.errorOf(error, "watch", keys);
    });
    return "OK";
  }

  /** Watches no key any more. */
  unwatch(callback?: Callback): Promise<"OK"> {
    return withCallback(this.#watcher.unwatch().then((): "OK" => "OK"), callback);
  }

  /** Refused: exec() is a method of what multi() returns. */
  exec(): Promise<ExecResults> { return Promise.reject(notHere("exec()", "use multi().exec()")); }
  /** Refused: what multi() returned need not be sent. */
  discard(): Promise<never> { return Promise.reject(notHere("discard()", "drop what multi() returned")); }

  // ---- Messages

  /** Resolves to the number of channels and patterns. Messages are events: "message" (channel, message). */
  subscribe(...args: Argument[]): Promise<number> { return this.#change("subscribe", "channels", args); }
  /** The same for patterns: "pmessage" (pattern, channel, message). */
  psubscribe(...args: Argument[]): Promise<number> { return this.#change("subscribe", "patterns", args); }
  /** The same for shard channels: "smessage" (channel, message). If the server ends a subscription by itself,
      because the slot has moved, and does not take it back: "sunsubscribe" (channel, the names that are left). */
  ssubscribe(...args: Argument[]): Promise<number> { return this.#change("subscribe", "shardChannels", args); }
  /** Without channels: all of them. */
  unsubscribe(...args: Argument[]): Promise<number> { return this.#change("unsubscribe", "channels", args); }
  /** The same for patterns. */
  punsubscribe(...args: Argument[]): Promise<number> { return this.#change("unsubscribe", "patterns", args); }
  /** The same for shard channels. */
  sunsubscribe(...args: Argument[]): Promise<number> {
    return this.#change("unsubscribe", "shardChannels", args);
  }

  #change(how: "subscribe" | "unsubscribe", kind: SubscriptionKind, args: readonly unknown[]): Promise<number> {
    const { own, callback } = splitCallback(args);
    const [, ...names] = wordsOf(how, own);
    return withCallback(this.#subscriber[how](kind, names).catch((error: unknown) => {
      throw this.#life.errorOf(error, how, own);
    }), callback);
  }

  // ---- Streams

  /** A stream of lists of keys. */
  scanStream(options?: ScanStreamOptions): Readable { return this.#stream("scan", [], options, false); }
  /** A stream of lists of fields and values in turn. */
  hscanStream(key: unknown, options?: ScanStreamOptions): Readable {
    return this.#stream("hscan", [key], options, false);
  }
  /** A stream of lists of members. */
  sscanStream(key: unknown, options?: ScanStreamOptions): Readable {
    return this.#stream("sscan", [key], options, false);
  }
  /** A stream of lists of members and scores in turn. */
  zscanStream(key: unknown, options?: ScanStreamOptions): Readable {
    return this.#stream("zscan", [key], options, false);
  }
  /** The same with Buffers. */
  scanBufferStream(options?: ScanStreamOptions): Readable { return this.#stream("scan", [], options, true); }
  /** The same with Buffers. */
  hscanBufferStream(key: unknown, options?: ScanStreamOptions): Readable {
    return this.#stream("hscan", [key], options, true);
  }
  /** The same with Buffers. */
  sscanBufferStream(key: unknown, options?: ScanStreamOptions): Readable {
    return this.#stream("sscan", [key], options, true);
  }
  /** The same with Buffers. */
  zscanBufferStream(key: unknown, options?: ScanStreamOptions): Readable {
    return this.#stream("zscan", [key], options, true);
  }

  #stream(name: string, key: readonly unknown[], options: ScanStreamOptions | undefined, asBuffers: boolean): Readable {
    return scanStreamOf((args) => this.#send(name, [...key, ...args], asBuffers), options);
  }

  // ---- What is not here

  /** Refused. */
  monitor(): Promise<never> { return Promise.reject(notHere("monitor()", "use valkey-cli monitor")); }

  /** `await using redis = new Redis()` */
  async [Symbol.asyncDispose](): Promise<void> { await this.#quit(); }
}

/** The commands, as methods. */
export interface Redis extends CommandMethods<Promise<any>> {}

addCommands(Redis.prototype as Commander);
// A bundler may have renamed the class.
Object.defineProperty(Redis, "name", { value: "Redis", configurable: true });

// A client that closes waits for replies, but ends calls that were not sent because it has no connection yet.
const lastReply = async (client: Client): Promise<void> => {
  if (client.getStatistics().inFlight > 0) await client.ping().catch(() => {});
};

/** Refused when it is made. */
export class Cluster {
  constructor() { throw notHere("Cluster", "connect to one server"); }
}
