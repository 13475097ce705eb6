import { connectTcp } from "#tcp";
import { type Target, addressOf, isWebSocket, readAddress, serverOf } from "./address.js";
import { Batch } from "./batch.js";
import { type CacheStatistics, type ClientSideCache, randomSeed } from "./cache.js";
import { refusedArguments } from "./caller-stack.js";
import { ownOptions } from "./check-options.js";
import type { ReplyOptions } from "./commands/arguments.js";
import { type AnyReply, type As, type CallOptions, type Key, type Shape, type Word,
  anyReply } from "./commands/call.js";
import { checkNames, ownCallOptions } from "./commands/call-options.js";
import { described } from "./commands/problem.js";
import { isWord } from "./commands/put.js";
import type { Text } from "./commands/replies.js";
import { checkedWords } from "./commands/words.js";
import { type OptionsOfAll, type Replies, executed } from "./command-queue.js";
import { optionsAt, optionsDoublesEnd } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { stage } from "./core/encode.js";
import { writeFields } from "./core/fields.js";
import { type CredentialsOwner, CredentialsSource } from "./credentials.js";
import { Driver, type DriverListener } from "./driver.js";
import { Exclusive, type TransactOptions, transactOn } from "./exclusive.js";
import { CancelledError, ConfigurationError, ConnectionError, wordsOf } from "./errors.js";
import { Events, type ConnectionEvents } from "./events.js";
import { configure, loadConfiguredCore } from "./memory.js";
import { type NodeRoute, Nodes } from "./nodes.js";
import { type ClientOptions, checkBridge, checkClientOptions, checkCredentials, checkReads, checkRedirects, checkServers,
  checkTls, clientOptionNames, reachOf, readFroms, topologyChoices, topologyOf, withTopology } from "./options.js";
import { Scanning } from "./scan.js";
import { type ClientStatistics, readClientStatistics } from "./statistics.js";
import { type Subscription, type SubscriptionKind, openSubscription } from "./subscription.js";
import type { Topology } from "./topology.js";
import { Transaction } from "./transaction.js";
import type { Connect } from "./transport/transport.js";
import { connectWebSocket } from "./transport/ws.js";
import { addressesOf, isOnePlace, placeOf, sentinelRouteOf } from "./ways.js";

/** Options of Client.subscribe(). */
export interface SubscribeOptions<A extends As = As> extends ReplyOptions<A> {
  /** Whether the names are channels, patterns or shard channels. Default: "channels". */
  readonly kind?: SubscriptionKind | undefined;
}

// The most that the core takes: the requests pool is the bound.
const waitersMaxLimit = 1_000_000_000;

let clientsCount = 0;

// How cached() wants a value without options.
const plain = {};

const overflows = ["drop-oldest", "drop-newest", "pause-reading"] as const;

/**
 * A client of a server, of a primary that sentinels name, or of a cluster. It keeps one connection to a server for all
 * requests, makes a new one when that is lost, and sends all requests of one turn of the event loop together. Its
 * methods have the names of the server's commands. Each returns a promise, which rejects with a PlimsollError, or with
 * a TypeError if an argument is invalid. Close a client that is no longer needed: close(), or `await using`.
 */
export class Client extends Scanning {
  // Bundlers rename a class that names itself.
  static { Object.defineProperty(this, "name", { value: "Client" }); }
  readonly #events = new Events();
  readonly #cache: ClientSideCache | undefined;
  readonly #listener: DriverListener = {
    handleReady: () => {
      this.#settle()?.resolve();
      this.#events.tell("connected");
    },
    handleDisconnected: (error) => {
      if (error.code === "authentication_failed") this.#credentials?.handleRefused();
      this.#events.tell("disconnected", error);
    },
    handleCredentialsRefused: (error) => {
      this.#credentials?.handleRefused();
      this.#events.tell("credentialsRefused", error);
    },
    handleClosed: (error) => {
      this.#credentials?.stop();
      this.#cache?.detach(this.#asCacheClient);
      this.#settle()?.reject(error);
      this.#closed?.();
      this.#events.tell("closed", error);
    },
  };
  readonly #asCacheClient = { prove: (): Promise<void> => this.#prove() };
  readonly #credentials: CredentialsSource | undefined;
  // Undefined until it is needed: lazyConnect.
  #made: Driver | undefined;
  #make!: () => Driver;
  #ready: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  #closing: Promise<void> | undefined;
  #closed: (() => void) | undefined;

  readonly #number = ++clientsCount;
  readonly #address: string;
  readonly #target: Target;
  readonly #options: ClientOptions;

  private constructor(address: string, target: Target, options: ClientOptions) {
    super();
    if (options === undefined) throw new TypeError("new Client(): a client connects first; call Client.connect()");
    this.#address = address;
    this.#target = target;
    this.#options = options;
    this.#cache = options.clientSideCache;
    this.#credentials = credentialsOf(options, target.username, {
      setCredentials: (username, password) => this.#driver.setCredentials(username, password),
      handleNoCredentials: (problem) => {
        this.#events.tell("credentialsRefused", new ConnectionError("credentials_failed",
          `the function of the option credentials failed: ${wordsOf(problem)}`, "no", { cause: problem }));
      },
    });
  }

  /**
   * Connects to the server at `address`: valkey:// or valkeys:// (TLS), or ws:// or wss:// for a bridge.
   * Further hosts may follow after commas, "valkey://one:6379,two:6379", as with the option `seeds`. If the first server
   * that answers says that it is one of a cluster, the client sends each command to the server that has its keys; see the
   * option `topology`. With "valkey+cluster://one:6379,two:6379" there has to be a cluster.
   * With "valkey+sentinel://one:26379,two:26379/NAME" the client asks these sentinels where the primary NAME is.
   * Resolves when the server takes requests. Rejects with a ConfigurationError, before any I/O, if the
   * address or an option is invalid; with a ConnectionError that says why there is no connection within
   * connectTimeout; with a LimitError if there is no memory for another client; and with a CancelledError
   * if options.signal is aborted.
   */
  static async connect(address: string, options: ClientOptions = {}): Promise<Client> {
    options = ownOptions(options, clientOptionNames);
    checkClientOptions(options);
    const given = readAddress(address, options.seeds);
    checkTls(options, given);
    const target = withTopology(given, options);
    if (topologyOf(target, options) !== "standalone") checkRedirects(options);
    checkReads(options, target.address);
    checkServers(options, target);
    checkCredentials(options, target);
    checkBridge(options, target.address);
    if (options.memoryLimit !== undefined) configure({ memoryLimit: options.memoryLimit });
    if (options.signal?.aborted) throw aborted(options.signal.reason);
    const core = await loadConfiguredCore();
    if (options.signal?.aborted) throw aborted(options.signal.reason);
    const client = new Client(address, target, ownOptions({ ...options, signal: undefined }, clientOptionNames));
    await client.#open(core, target, options);
    return client;
  }

  async #open(core: Core, target: Target, options: ClientOptions): Promise<void> {
    const open: Connect = options.transport ?? (isWebSocket(target.address) ? connectWebSocket : connectTcp);
    const connect = this.#credentials?.wrap(open) ?? open;
    const sentinels = sentinelRouteOf(target, options, open);
    const route = { connect, addresses: addressesOf(target, sentinels), sentinels, options, changes: options,
      readsReplicas: (options.readFrom ?? "primary") !== "primary",
      mayBeCluster: topologyOf(target, options) !== "standalone",
      hasCache: options.clientSideCache !== undefined, isOnePlace: isOnePlace(target),
      database: options.database ?? target.database };
    this.#make = () => {
      this.#made = new Driver(core, route, this.#listener, () => create(core, target, options));
      this.#cache?.attach(this.#asCacheClient);
      return this.#made;
    };
    if (options.lazyConnect === true) return;
    const give = options.signal;
    const abort = (): void => {
      this.#settle()?.reject(aborted(give?.reason));
      this.#made?.close();
    };
    give?.addEventListener("abort", abort);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#ready = { resolve, reject };
        this.#make();
      });
    } finally {
      give?.removeEventListener("abort", abort);
    }
  }

  /** @internal What names this client in metrics. */
  get described(): { number: number; name: string; server: string; database: number } {
    const { database } = this.#target;
    return { number: this.#number, name: this.#options.clientName ?? "", server: this.server,
      database: this.#options.database ?? database };
  }

  /** @internal Whether the function of the option credentials failed the last time. */
  get hasCredentialsProblem(): boolean { return this.#credentials?.hasProblem ?? false; }

  /** @internal Whether the client counts among those that live. */
  get isLiving(): boolean { return this.#made !== undefined && this.#made.end === undefined; }

  /** The server that the client is connected to, or tried last: "127.0.0.1:6379". Of several addresses, one. With
      sentinels the primary; before they have told its address, its name. */
  get server(): string { return serverOf(this.#made?.server ?? this.#target.address); }

  /** @internal What stands in front of each key. */
  get keyPrefix(): string { return this.#options.keyPrefix ?? ""; }

  /** @internal Whether close() was called. */
  get isClosing(): boolean { return this.#closing !== undefined; }

  /** Throws a LimitError if there is no memory for another client. */
  get #driver(): Driver { return this.#made ?? this.#make(); }

  // Returns the promise of connect() to settle, once.
  #settle(): { resolve: () => void; reject: (error: unknown) => void } | undefined {
    const ready = this.#ready;
    this.#ready = undefined;
    return ready;
  }

  /** Connects another client as this one was connected, with `changes` to its options. */
  duplicate(changes: ClientOptions = {}): Promise<Client> {
    return Client.connect(this.#address, { ...this.#options, ...changes });
  }

  // ---- Commands

  /**
   * Sends any command, given as its words: `client.command(["JSON.GET", key])`. Maps and sets of the reply
   * come as Map and Set. Rejects with a ConfigurationError if the command would change the state of the
   * main connection, or has a wrong number of arguments.
   */
  command(words: readonly Word[], options?: CallOptions): Promise<AnyReply> {
    let own: Word[];
    try {
      own = checkedWords(words);
      checkNames(options);
    } catch (error) {
      return refusedArguments(error);
    }
    return this.sendWords(own, anyReply, options) as Promise<AnyReply>;
  }

  /** @internal */
  override sendWords(words: Word[], shape: Shape, options: CallOptions | undefined):
    Promise<unknown> {
    const wanted = { shape, options, asMaps: shape === anyReply };
    if (this.#made !== undefined) return this.#made.submit(words, wanted);
    try {
      return this.#make().submit(words, wanted);
    } catch (error) {
      return refusedArguments(error);
    }
  }

  /** Looks up GET of this key in the cache, at once and without asking the server. Returns the value, null
      if the cache knows that the key does not exist, or undefined if the cache does not have it. */
  cached<A extends As = "text">(key: Key, options?: ReplyOptions<A>): Text<A> | null | undefined {
    checkNames(options);
    if (!isWord(key)) {
      throw new TypeError(`cached: got ${described(key)}; give a string or Uint8Array`);
    }
    return this.#driver.lookUp(key, options === undefined ? plain : { options }) as Text<A> | null | undefined;
  }

  /** Begins a batch, whose commands are sent together: see Batch. Other clients call it a pipeline. */
  batch(): Batch;
  /**
   * Sends the commands that `fill` calls on a batch, and resolves to the replies to the calls that it returns,
   * each with its type. Rejects with the first error of these; the other commands are executed all the same.
   *
   *     const [visits, name] = await client.batch((all) => [all.incr("visits"), all.get("name")]);
   */
  batch<const Calls extends readonly unknown[]>(fill: (batch: Batch) => Calls,
    options?: OptionsOfAll): Promise<Replies<Calls>>;
  batch(fill?: (batch: Batch) => readonly unknown[], options?: CallOptions): unknown {
    const batch = new Batch(this.#driver);
    return fill === undefined ? batch : executed(batch, fill, options);
  }

  /** Begins a transaction, of which the server executes all commands or none: see Transaction. */
  transaction(): Transaction;
  /**
   * Has the server execute the commands that `fill` calls on a transaction, all or none, and resolves to the
   * replies to the calls that it returns, each with its type. Rejects as exec() does, or with the first error
   * of these; the other commands are executed all the same.
   *
   *     const [visits] = await client.transaction((all) => [all.incr("visits"), all.expire("visits", 60)]);
   */
  transaction<const Calls extends readonly unknown[]>(fill: (transaction: Transaction) => Calls,
    options?: OptionsOfAll): Promise<Replies<Calls>>;
  transaction(fill?: (transaction: Transaction) => readonly unknown[], options?: CallOptions): unknown {
    const transaction = new Transaction(this.#driver);
    return fill === undefined ? transaction : executed(transaction, fill, options);
  }

  /** The commands of this client for nodes of the cluster that the caller chooses. */
  at(route: NodeRoute): Nodes { return new Nodes(this.#driver, route); }

  /**
   * Calls `use` with a connection that it has alone, for WATCH and the commands behind it, and for WAIT.
   * Settles as what `use` returns; the connection is then given back. Rejects with a LimitError if
   * blockingConnectionsMax connections are in use.
   */
  async exclusive<T>(use: (own: Exclusive) => T | Promise<T>): Promise<T> {
    if (typeof use !== "function") {
      throw new TypeError(`exclusive: got ${described(use)}; give a function of an Exclusive`);
    }
    if (this.#driver.end !== undefined) throw this.#driver.end;
    const own = new Exclusive(this.#driver);
    try {
      return await use(own);
    } finally {
      own.release();
    }
  }

  /**
   * Executes a transaction that depends on what was read before it. Watches `keys` on a connection that this
   * call has alone, and calls `prepare`, which reads what it needs there and returns a transaction of that
   * connection. If a key has changed by exec(), starts again, attemptsMax times in all; then rejects with
   * the ServerError transaction_aborted: nothing was executed. It also starts again, on another connection,
   * if the connection was lost before the transaction was sent. Resolves as exec() does; to [] if `prepare`
   * returned a transaction without commands.
   *
   *     await client.transact(["stock"], async (own) => {
   *       const left = Number(await own.get("stock"));
   *       const both = own.transaction();
   *       if (left > 0) both.decr("stock");
   *       return both;
   *     });
   */
  transact(keys: Key | readonly Key[],
    prepare: (own: Exclusive) => Transaction | Promise<Transaction>,
    options: TransactOptions = {}): Promise<unknown[]> {
    return transactOn((use) => this.exclusive(use), keys, prepare, options);
  }

  /** Subscribes to channels, patterns or shard channels, on a connection of its own. Resolves when the
      server has confirmed all names; messages published from then on arrive. Rejects with a LimitError
      beyond subscriptionsMax. Close the subscription when it is no longer needed. */
  async subscribe<A extends As = "text">(names: Key | readonly Key[],
    options: SubscribeOptions<A> = {}): Promise<Subscription<A>> {
    checkNames(options, ["kind"]);
    const { kind = "channels" } = options;
    const own = ownCallOptions(options);
    if (this.#driver.end !== undefined) throw this.#driver.end;
    const subscription = openSubscription(this.#driver, own.as as A | undefined);
    try {
      await subscription.subscribe(kind, names, own);
    } catch (error) {
      subscription.close();
      throw error;
    }
    return subscription;
  }

  // ---- Events and statistics

  /** Calls `listener` at each event of this name. Returns a function that removes the listener. */
  on<Name extends keyof ConnectionEvents>(name: Name, listener: ConnectionEvents[Name]):
    () => void {
    return this.#events.on(name, listener);
  }

  /** The same for the next event of this name alone. */
  once<Name extends keyof ConnectionEvents>(name: Name, listener: ConnectionEvents[Name]):
    () => void {
    return this.#events.once(name, listener);
  }

  /** Removes a listener that on() or once() has added. */
  off<Name extends keyof ConnectionEvents>(name: Name, listener: ConnectionEvents[Name]): void {
    this.#events.off(name, listener);
  }

  /** Where this client's requests go; if it asks sentinels, what each of them has said last; if it reads from replicas,
      how each of them is; and of a cluster, which primaries there are. */
  topology(): Topology {
    const { address, primaryName, isCluster } = this.#target;
    const none = { sentinels: [], replicas: [], nodes: [] };
    return this.#made?.topology ?? (primaryName === undefined
      ? { kind: isCluster === true ? "cluster" : "standalone", primary: serverOf(address), ...none }
      : { kind: "sentinel", primary: undefined, ...none });
  }

  /** What this client has done and what is under way; for a client that has ended, what it had done. */
  getStatistics(): ClientStatistics { return readClientStatistics(this.#made); }

  /** What has happened to the lookups and entries of the client's cache. Throws a ConfigurationError if the
      client has no cache, or the cache's enableMetrics is false, as all getCache methods do. */
  getCacheStatistics(): CacheStatistics { return this.#theCache().getStatistics(); }
  /** The share of lookups that the cache served, from 0 to 1. */
  getCacheHitRate(): number { return this.#theCache().getCacheHitRate(); }
  /** The share of lookups that the cache could not serve, from 0 to 1. */
  getCacheMissRate(): number { return this.#theCache().getCacheMissRate(); }
  /** The number of entries that the cache has now. */
  getCacheEntryCount(): number { return this.#theCache().getCacheEntryCount(); }
  /** The number of entries that were evicted to make room. */
  getCacheEvictions(): number { return this.#theCache().getCacheEvictions(); }
  /** The number of entries whose time was up. */
  getCacheExpirations(): number { return this.#theCache().getCacheExpirations(); }
  /** The number of entries that an invalidation, or a write of a client, removed. */
  getCacheInvalidations(): number { return this.#theCache().getCacheInvalidations(); }
  /** The number of reads that were looked up. */
  getCacheTotalLookups(): number { return this.#theCache().getCacheTotalLookups(); }

  #theCache(): ClientSideCache {
    if (this.#cache !== undefined) return this.#cache;
    throw new ConfigurationError("invalid_option", "the client has no clientSideCache");
  }

  async #prove(): Promise<void> {
    if (this.#made === undefined || this.#made.end !== undefined) return;  // a client that has ended vouches for no entries
    const { core, id } = this.#made;
    await this.#made.submitBy({}, (tag, now) => core.calls.plimsoll_prove(id, tag, -1, now));
  }

  // ---- The end

  /** Accepts no more requests, waits for outstanding replies (at most closeTimeout), then closes. Resolves
      when the client has ended; never rejects. May be called twice. */
  close(): Promise<void> {
    if (this.#driver.end !== undefined) return Promise.resolve();
    this.#closing ??= new Promise((resolve) => {
      this.#closed = resolve;
      this.#driver.close();
    });
    return this.#closing;
  }

  /** `await using client = ...` */
  async [Symbol.asyncDispose](): Promise<void> { await this.close(); }

  /** @internal What console.log() shows: where the client is connected, and how it is. No credentials. */
  [Symbol.for("nodejs.util.inspect.custom")](_depth: number, options: object,
    inspect: (value: unknown, options: object) => string): string {
    const { database } = this.described;
    const { state, inFlight, waiting, completed, failed, lastProblem } = this.getStatistics();
    const shown = { address: addressOf(this.#made?.server ?? this.#target.address), database,
      state: this.#made?.end === undefined ? state : "closed", inFlight, waiting, completed, failed,
      lastProblem };
    return `Client ${inspect(shown, options)}`;
  }
}

const aborted = (cause: unknown): CancelledError =>
  new CancelledError("cancelled", "the signal was aborted before there was a connection", "no",
    { cause });

const credentialsOf = (options: ClientOptions, user: string, owner: CredentialsOwner):
  CredentialsSource | undefined => {
  const { credentials: ask, username = user, credentialsRefreshBefore: refreshBefore = 60_000,
    connectTimeout = 2000, reconnectWaitMin: waitMin = 10, reconnectWaitMax: waitMax = 5000 } = options;
  if (ask === undefined) return undefined;
  const own = { ask, username, refreshBefore, connectTimeout, waitMin, waitMax };
  return new CredentialsSource(own, owner);
};

const create = (core: Core, target: Target, options: ClientOptions): number => {
  // A user without a password would be refused: both come before the first connection.
  const username = options.credentials !== undefined ? "" : options.username ?? target.username;
  const password = options.password ?? target.password;
  const database = options.database ?? target.database;
  const cache = options.clientSideCache?.open(core) ?? 0;
  const readFrom = readFroms.indexOf(options.readFrom ?? "primary");
  const topology = topologyOf(target, options);
  const isCluster = topology === "cluster";
  writeFields(core, core.calls.plimsoll_options(), optionsAt, optionsDoublesEnd, {
    requestTimeout: options.requestTimeout,
    connectTimeout: options.connectTimeout,
    closeTimeout: options.closeTimeout,
    reconnectWaitMin: options.reconnectWaitMin,
    reconnectWaitMax: options.reconnectWaitMax,
    healthCheckInterval: options.healthCheckInterval,
    randomSeed: randomSeed(),
    inflightRequestsLimit: options.inflightRequestsLimit,
    inflightOverflow: options.inflightOverflow === "reject" ? 0 : 1,
    waitersMax: options.waitersMax ?? waitersMaxLimit,
    replyBytesMax: options.replyBytesMax,
    reconnectAttemptsMax: options.reconnectAttemptsMax,
    readResendsMax: options.readResendsMax,
    database,
    seedsCount: target.addresses.length,
    // Any server of a cluster will do: each knows the others.
    primaryOnly: target.addresses.length > 1 && !isCluster ? 1 : 0,
    sentinel: target.primaryName === undefined ? 0 : 1,
    topology: topologyChoices.indexOf(topology),
    reach: reachOf(target),
    redirectsMax: topology === "standalone" ? undefined : options.redirectsMax,
    crossSlotWrites: options.crossSlotWrites === "split" ? 1 : 0,
    readFrom,
    replicaLagMax: options.replicaLagMax,
    resp2: options.protocol === 2 ? 1 : 0,
    noEvict: options.noEvict === true ? 1 : 0,
    noTouch: options.noTouch === true ? 1 : 0,
    blockingConnectionsMax: options.blockingConnectionsMax,
    subscriptionsMax: options.subscriptionsMax,
    subscriptionMessagesMax: options.subscriptionMessagesMax,
    subscriptionOverflow: overflows.indexOf(options.subscriptionOverflow ?? "drop-oldest"),
    cache,
  });
  const ofSentinels = target.primaryName === undefined ? []
    : [target.primaryName, options.sentinel?.username ?? "", options.sentinel?.password ?? ""];
  const ofReplicas = readFrom === 0 ? [] : [options.clientAz ?? ""];
  const ofCluster = topology === "standalone" ? [] : target.addresses.map(({ host }) => host);
  stage(core, [username, password, options.clientName ?? "", placeOf(target, database, options), ...ofSentinels,
    ...ofReplicas, ...ofCluster]);
  return core.calls.plimsoll_create(core.now());
};
