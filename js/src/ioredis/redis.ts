import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";
import { Readable } from "node:stream";
import { type CallOptions, Client, ClosedError, ConfigurationError, type Exclusive, LimitError,
  type PlimsollError, ServerError, type SubscriptionKind, type Transaction, type Word,
  commandNames } from "../index.js";
import { type Callback, namesConnection, splitCallback, withCallback, wordsOf } from "./arguments.js";
import { type Commander, addCommands, addDefined, operandsOf } from "./commander.js";
import { type CommandDefinition, type RedisOptions, type Settings, settingsOf } from "./options.js";
import { type ExecResults, Pipeline, type PipelineOwner } from "./pipeline.js";
import { closedText, errorOf, eventErrorOf, replyOf } from "./replies.js";
import { Subscriber } from "./subscriber.js";

// ioredis's class over a Client, so that a program changes one import.

/** Options of scanStream() and the like. */
export interface ScanStreamOptions {
  readonly match?: string | undefined;
  readonly type?: string | undefined;
  readonly count?: number | string | undefined;
  readonly noValues?: boolean | undefined;
}

// The most calls that wait for a client, while the core is loaded or between two attempts. Calls that wait for
// the connection of a client count in the memory line.
const callsWaitingMax = 10_000;

// Commands that may wait in the server, without an end. disconnect() ends them at once: otherwise they would take
// elements of lists for a client that nobody listens to.
const waiting: ReadonlySet<string> = new Set(["blpop", "brpop", "brpoplpush", "blmove", "blmpop", "bzpopmin",
  "bzpopmax", "bzmpop", "xread", "xreadgroup"]);

interface Watching { readonly own: Exclusive; readonly release: () => void }

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
  readonly #subscriber: Subscriber;
  #client: Promise<Client> | undefined;
  /** The client, once there is one that has not ended. */
  #live: Client | undefined;
  #callsWaiting = 0;
  #giveUpWaiting: ((error: Error) => void) | undefined;
  #watching: Promise<Watching> | undefined;
  #failures = 0;
  // Whether another client follows the one that disconnect() ends.
  #reconnects = false;
  /** What ends the calls that may wait in the server. A Client bounds how many there are. */
  readonly #ends = new Set<AbortController>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosing = false;

  /** `new Redis()`, `(port)`, `(port, host)`, `(path)`, `(url)`, each with options behind them, or `(options)`. */
  constructor(...args: readonly unknown[]) {
    super();
    this.#settings = settingsOf(args);
    this.options = this.#settings.options;
    this.#subscriber = new Subscriber(this, () => this.#connected());
    for (const [name, definition] of Object.entries(this.options.scripts ?? {})) {
      this.defineCommand(name, definition);
    }
    if (this.options.lazyConnect !== true) this.connect().catch(() => {});  // it is an event
    else this.#emitLater("wait");
  }

  // ---- Connections

  /** Connects. Rejects if the first attempt fails; the client then goes on as retryStrategy says. */
  connect(callback?: Callback): Promise<void> {
    return withCallback(this.#connect(), callback);
  }

  async #connect(): Promise<void> {
    if (this.#client !== undefined) throw new Error("Redis is already connecting/connected");
    this.#isClosing = false;
    const client = await this.#begin();
    await client.ping();
  }

  /** Calls `use` with the client: at once if there is one and no call waits, so that calls of all kinds are sent in
      their order. */
  async #with<T>(use: (client: Client) => Promise<T>): Promise<T> {
    if (this.#isClosing) throw isClosed();
    if (this.options.enableOfflineQueue === false && this.status !== "ready") {
      throw new Error("Stream isn't writeable and enableOfflineQueue options is false");
    }
    if (this.#live !== undefined && this.#callsWaiting === 0) return use(this.#live);
    return this.#waitFor(use);
  }

  async #connected(): Promise<Client> {
    return this.#live ?? this.#waitFor(async (client) => client);
  }

  async #waitFor<T>(use: (client: Client) => Promise<T>): Promise<T> {
    if (this.#client === undefined && this.status === "end") throw isClosed();
    if (this.#callsWaiting >= callsWaitingMax) {
      throw new LimitError("rejected_by_limit", `${callsWaitingMax} calls wait for a connection already`);
    }
    ++this.#callsWaiting;
    let client: Client;
    try {
      client = await (this.#client ?? this.#begin());
    } finally {
      --this.#callsWaiting;  // and no other call comes in between: use() is called in the same turn
    }
    return use(client);
  }

  #begin(): Promise<Client> {
    this.#setStatus("connecting");
    const { address, client: options } = this.#settings;
    this.#client = Client.connect(address, { ...options, lazyConnect: true }).then((client) => {
      client.on("connected", () => {
        this.#failures = 0;
        this.#setStatus("connect");
        this.#setStatus("ready");
      });
      client.on("disconnected", () => {
        this.#setStatus("close");
        this.#setStatus("reconnecting", options.reconnectWaitMin);
      });
      client.on("closed", (error) => this.#handleClosed(error));
      this.#live = client;
      return client;
    });
    this.#client.catch((error: PlimsollError) => this.#handleClosed(error));
    return this.#client;
  }

  #setStatus(status: string, ...more: unknown[]): void {
    this.status = status;
    if (status === "connecting") this.#emitLater(status);
    else this.emit(status, ...more);
  }

  // The constructor sets a status before anybody can listen.
  #emitLater(status: string): void {
    process.nextTick(() => {
      if (this.status === status) this.emit(status);
    });
  }

  #emitError(error: Error): void {
    if (this.listenerCount("error") > 0) this.emit("error", eventErrorOf(error));
  }

  #handleClosed(error: PlimsollError): void {
    this.#watching = undefined;
    this.#live = undefined;
    const isOver = this.#isClosing || error.code === "closed" && !this.#reconnects;
    this.#reconnects = false;
    if (!isOver && error.code !== "closed") this.#emitError(error);
    this.#setStatus("close");
    const wait = isOver ? null : this.#settings.retryStrategy(++this.#failures);
    if (typeof wait !== "number") {
      this.#client = undefined;
      this.#setStatus("end");
      return;
    }
    this.#setStatus("reconnecting", wait);
    this.#client = new Promise((resolve, reject) => {
      this.#giveUpWaiting = reject;
      this.#timer = setTimeout(() => {
        this.#begin().then(resolve, reject);
        this.#client?.then((client) => client.ping()).catch(() => {});  // has it connect; a failure is an event
        if (this.options.autoResubscribe !== false) this.#subscriber.reopen();
      }, wait);
    });
    this.#client.catch(() => {});
  }

  /** Waits for outstanding replies, then closes. Resolves to "OK". */
  quit(callback?: Callback): Promise<"OK"> {
    return withCallback(this.#quit(lastReply), callback);
  }

  // Calls that wait for the client go first, and `before` is called with the client behind them.
  async #quit(before: (client: Client) => Promise<unknown>): Promise<"OK"> {
    const closed = this.#client?.then((client) => before(client).then(() => client.close()))
      .then(() => true, () => false);
    this.#isClosing = true;
    clearTimeout(this.#timer);
    this.#subscriber.close();
    if (this.#live === undefined) this.#giveUpWaiting?.(isClosed());
    const hadClient = await closed;
    if (hadClient !== true && this.status !== "end") {
      this.#client = undefined;
      this.#setStatus("end");
    }
    return "OK";
  }

  /** The same without a promise. With `reconnect`, another connection follows, as retryStrategy says. */
  disconnect(reconnect = false): void {
    for (const end of this.#ends) end.abort();
    if (!reconnect || this.#live === undefined) return void this.#quit(async () => {}).catch(() => {});
    this.#reconnects = true;
    this.#live.close().catch(() => {});
  }

  /** The same as disconnect(). */
  end(): void { this.disconnect(); }

  /** The same as `new Redis(...)`. */
  static createClient(...args: readonly unknown[]): Redis { return new Redis(...args); }

  /** The names of the commands that have methods. */
  getBuiltinCommands(): string[] { return [...commandNames()]; }

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
      const words = wordsOf(name, args);
      const options: CallOptions = { as: asBuffers ? "bytes" : "text" };
      const reply = await (waiting.has(name.toLowerCase()) ? this.#wait(words, options)
        : this.#with((client) => client.command(words, options)));
      return replyOf(reply, { name, asBuffers, stringNumbers: this.#stringNumbers });
    } catch (error) {
      throw errorOf(error, name, args);
    }
  }

  // A command that may wait in the server: commandTimeout counts for it as well, and disconnect() ends it.
  async #wait(words: readonly Word[], options: CallOptions): Promise<unknown> {
    const end = new AbortController();
    this.#ends.add(end);
    try {
      return await this.#with((client) => client.command(words,
        { ...options, signal: end.signal, timeout: this.options.commandTimeout ?? undefined }));
    } finally {
      this.#ends.delete(end);
    }
  }

  /** The same as call(), with the arguments in a list. */
  send_command(name: string, args: readonly unknown[] = [], callback?: Callback): Promise<unknown> {
    return withCallback(this.#send(name, args, false), callback);
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
    const { keys, rest } = operandsOf(definition, args);
    const [, ...words] = wordsOf(name, [...keys, ...rest]);
    const operands = [String(keys.length), ...words];
    const options = { as: asBuffers ? "bytes" as const : "text" as const };
    const suffix = readOnly === true ? "_RO" : "";
    const byText = (client: Client) => client.command([`EVAL${suffix}`, lua, ...operands], options);
    try {
      // The first call sends the text, so that calls behind it find the script: they keep their order.
      const sha = this.#sent.has(definition) ? this.#scripts.get(definition) : undefined;
      this.#sent.add(definition);
      const reply = await this.#with((client) => sha === undefined ? byText(client)
        : client.command([`EVALSHA${suffix}`, sha, ...operands], options).catch((error: unknown) => {
          const { message } = error as Error;
          if (!(error instanceof ServerError) || !message.startsWith("NOSCRIPT No matching script")) throw error;
          return byText(client);
        }));
      return replyOf(reply, { name, asBuffers, stringNumbers: this.#stringNumbers });
    } catch (error) {
      throw errorOf(error, name, args);
    }
  }

  // ---- Pipelines and transactions

  /** Begins a chain of commands. */
  pipeline(commands?: readonly (readonly unknown[])[]): Pipeline {
    return new Pipeline(this.#asOwner, false, commands);
  }

  /** Begins a chain of commands that are executed as one. */
  multi(commands?: readonly (readonly unknown[])[] | { pipeline?: boolean }): Pipeline {
    if (commands === undefined || Array.isArray(commands)) return new Pipeline(this.#asOwner, true, commands);
    throw notHere("multi({ pipeline: false })", "chain the commands behind multi()");
  }

  readonly #asOwner: PipelineOwner = (() => {
    const self = this;
    return {
      get stringNumbers() { return self.#stringNumbers; },
      definitions: this.#definitions,
      withBatch: (use) => this.#with((client) => use(client.batch())),
      withTransaction: (use) => this.#withTransaction(use),
    };
  })();

  async #withTransaction<T>(use: (transaction: Transaction) => Promise<T>): Promise<T> {
    const watching = this.#watching;
    this.#watching = undefined;
    if (watching === undefined) return this.#with((client) => use(client.transaction()));
    const { own, release } = await watching;
    try {
      return await use(own.transaction());
    } finally {
      release();
    }
  }

  /** Watches keys until the next transaction of this Redis, on a connection of its own. */
  watch(...args: unknown[]): Promise<"OK"> {
    const { own: keys, callback } = splitCallback(args);
    return withCallback(this.#watch(keys), callback);
  }

  async #watch(keys: readonly unknown[]): Promise<"OK"> {
    const watching = this.#watching ??= this.#beginToWatch();
    const [, ...words] = wordsOf("watch", keys);
    try {
      await (await watching).own.watch(words);
    } catch (error) {
      // The connection is lost, or there is none: the next one to watch gets another.
      if (this.#watching === watching) await this.unwatch().catch(() => {});
      throw errorOf(error, "watch", keys);
    }
    return "OK";
  }

  async #beginToWatch(): Promise<Watching> {
    const client = await this.#connected();
    return new Promise((resolve, reject) => {
      client.exclusive((own) => new Promise<void>((release) => resolve({ own, release }))).catch(reject);
    });
  }

  /** Watches no key any more. */
  unwatch(callback?: Callback): Promise<"OK"> {
    const watching = this.#watching;
    this.#watching = undefined;
    const done = watching === undefined ? Promise.resolve() : watching.then(({ release }) => release());
    return withCallback(done.then((): "OK" => "OK"), callback);
  }

  /** Refused: exec() is a method of what multi() returns. */
  exec(): Promise<ExecResults> { return Promise.reject(notHere("exec()", "use multi().exec()")); }
  /** Refused: what multi() returned need not be sent. */
  discard(): Promise<never> { return Promise.reject(notHere("discard()", "drop what multi() returned")); }

  // ---- Messages

  /** Resolves to the number of channels and patterns. Messages are events: "message" (channel, message). */
  subscribe(...args: unknown[]): Promise<number> { return this.#change("subscribe", "channels", args); }
  /** The same for patterns: "pmessage" (pattern, channel, message). */
  psubscribe(...args: unknown[]): Promise<number> { return this.#change("subscribe", "patterns", args); }
  /** The same for shard channels: "smessage" (channel, message). If the server ends a subscription by itself,
      because the slot has moved, and does not take it back: "sunsubscribe" (channel, the names that are left). */
  ssubscribe(...args: unknown[]): Promise<number> { return this.#change("subscribe", "shardChannels", args); }
  /** Without channels: all of them. */
  unsubscribe(...args: unknown[]): Promise<number> { return this.#change("unsubscribe", "channels", args); }
  /** The same for patterns. */
  punsubscribe(...args: unknown[]): Promise<number> { return this.#change("unsubscribe", "patterns", args); }
  /** The same for shard channels. */
  sunsubscribe(...args: unknown[]): Promise<number> {
    return this.#change("unsubscribe", "shardChannels", args);
  }

  #change(how: "subscribe" | "unsubscribe", kind: SubscriptionKind, args: readonly unknown[]): Promise<number> {
    const { own, callback } = splitCallback(args);
    return withCallback(this.#subscriber[how](kind, own.flat()
      .map((each) => each instanceof Uint8Array ? each : String(each))), callback);
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

  #stream(name: string, key: readonly unknown[], options: ScanStreamOptions = {}, asBuffers: boolean): Readable {
    const { match, type, count, noValues } = options;
    const more = [
      ...match === undefined ? [] : ["MATCH", match],
      ...type === undefined ? [] : ["TYPE", type],
      ...count === undefined ? [] : ["COUNT", count],
      ...noValues === true ? ["NOVALUES"] : [],
    ];
    const pages = async function* (self: Redis): AsyncGenerator<unknown> {
      for (let cursor = "0";;) {
        const page = await self.send(name, [...key, cursor, ...more], asBuffers) as [unknown, unknown];
        cursor = String(page[0]);
        yield page[1];
        if (cursor === "0") return;
      }
    };
    const stream = Readable.from(pages(this), { objectMode: true, highWaterMark: 1 });
    return Object.assign(stream, { close: () => { stream.destroy(); } });
  }

  // ---- What is not here

  /** Refused. */
  monitor(): Promise<never> { return Promise.reject(notHere("monitor()", "use valkey-cli monitor")); }
  /** Refused. */
  sendCommand(): Promise<never> {
    return Promise.reject(notHere("sendCommand()", 'use call("NAME", ...args)'));
  }
  /** Refused. */
  addBuiltinCommand(): never { throw notHere("addBuiltinCommand()", 'use call("NAME", ...args)'); }

  /** `await using redis = new Redis()` */
  async [Symbol.asyncDispose](): Promise<void> { await this.#quit(lastReply); }
}

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

const isClosed = (): ClosedError => new ClosedError("closed", closedText);

const notHere = (what: string, instead: string): ConfigurationError =>
  new ConfigurationError("refused_command", `plimsoll/ioredis has no ${what}: ${instead}`);
