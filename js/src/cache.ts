import { cacheOptionsAt, cacheOptionsDoublesEnd, outboxAt } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { stage } from "./core/encode.js";
import { readNumbers, writeFields } from "./core/fields.js";
import { ConfigurationError } from "./errors.js";
import { checkObject, checkOptions, ownOptions } from "./check-options.js";

// The client-side cache. Any number of clients may share one, and it outlives their connections.
// docs/caching.md says what it may serve, and for how long.

/** How a cache learns that an entry is outdated. "tracking": the server reports changes (CLIENT
    TRACKING); connecting to a server without it fails. "ttl": only by entryTtlMs. "automatic": tracking if the
    server has it, else ttl, or no caching without an entryTtlMs. */
export type CacheMode = "automatic" | "tracking" | "ttl";

/** Options of ClientSideCache. */
export interface ClientSideCacheOptions {
  /** The most memory that the cache takes, index and bookkeeping included, in KiB. 1 or more. */
  readonly maxCacheKb: number;
  /** How long an entry is served, in milliseconds. Default: 0, until it is invalidated or evicted. */
  readonly entryTtlMs?: number | undefined;
  /** The most entries at a time. Default: 0, as many as there is room for. */
  readonly maxEntries?: number | undefined;
  /** Which entry is evicted first when there is no room: the one unread for longest ("lru"), or the one
      read least ("lfu"). Default: "lru". */
  readonly evictionPolicy?: "lru" | "lfu" | undefined;
  /** How the cache learns that an entry is outdated. Default: "automatic". */
  readonly mode?: CacheMode | undefined;
  /** Asks the server for the time to live (PTTL) with each read, and serves no entry beyond that, even if
      entryTtlMs is longer. Default: false. */
  readonly serverTtlCap?: boolean | undefined;
  /** Keeps nulls as well: that a key does not exist. Default: false. */
  readonly cacheNil?: boolean | undefined;
  /** Serves a tracked entry only if its connection has proved, within this time, that all earlier
      invalidations have arrived: bounds how stale an entry can get when a connection goes silent. In
      milliseconds. Default: 10000. */
  readonly coherenceLeaseMs?: number | undefined;
  /** Asks the server to track only reads that may be cached (CLIENT TRACKING OPTIN), instead of all reads.
      Not together with broadcastPrefixes. Default: false. */
  readonly optIn?: boolean | undefined;
  /** Has the server report changes of all keys that begin with one of these, read or not (CLIENT TRACKING
      BCAST); only such keys are cached. Not with a cluster. Default: none. */
  readonly broadcastPrefixes?: readonly string[] | undefined;
  /** Caches only these commands, such as "GET". Default: all that can be cached. */
  readonly onlyCommands?: readonly string[] | undefined;
  /** Caches only reads whose keys all begin with one of these. Default: reads of all keys. */
  readonly onlyKeyPrefixes?: readonly string[] | undefined;
  /** Reads of modules to cache as well, such as "JSON.GET". Each must have one key, as its first argument,
      and a reply that depends on that key alone. Default: none. */
  readonly moduleReads?: readonly string[] | undefined;
  /** Whether getStatistics() and the getCache methods may be called. Default: true. */
  readonly enableMetrics?: boolean | undefined;
}

/** What has happened to the lookups and entries of a cache, since it was made. */
export interface CacheStatistics {
  /** Reads that were looked up, and how many of them the cache served. */
  readonly lookups: number;
  readonly hits: number;
  /** Entries that were evicted to make room, and entries whose time was up. */
  readonly evictions: number;
  readonly expirations: number;
  /** Entries that an invalidation by the server, or a write of a client, removed. */
  readonly invalidations: number;
  /** Replies that were not kept: they were too large; the command or its keys cannot be cached; the key
      changed while the reply was on its way; the key was being written; there was no memory; or, in a cluster, it
      was perhaps what a key answers that does not exist. */
  readonly skippedTooLarge: number;
  readonly skippedUncacheable: number;
  readonly skippedPoisoned: number;
  readonly skippedFenced: number;
  readonly skippedNoMemory: number;
  readonly skippedAbsent: number;
  /** Entries that the cache has now. */
  readonly entries: number;
  /** Bytes that the entries themselves take, and bytes of everything that counts in maxCacheKb. */
  readonly bytesLive: number;
  readonly bytesCommitted: number;
  /** Combinations of user, database and server that clients read now; and how often a connection had to
      go without the cache because it was full of these. */
  readonly sources: number;
  readonly sourcesRefused: number;
  /** Lost connections whose entries are served again, except what has changed meanwhile: behind a bridge that
      remembers its clients. */
  readonly resumptions: number;
}

const statisticsNames = [
  "lookups", "hits", "evictions", "expirations", "invalidations", "skippedTooLarge",
  "skippedUncacheable", "skippedPoisoned", "skippedFenced", "skippedNoMemory", "skippedAbsent", "entries",
  "bytesLive", "bytesCommitted", "sources", "sourcesRefused",
  "resumptions",
] as const;

const kinds = {
  maxCacheKb: "count", entryTtlMs: "time", maxEntries: "count", coherenceLeaseMs: "time",
  evictionPolicy: ["lru", "lfu"], mode: ["automatic", "tracking", "ttl"],
  serverTtlCap: "boolean", cacheNil: "boolean", optIn: "boolean", enableMetrics: "boolean",
} as const;

const lists = ["onlyCommands", "onlyKeyPrefixes", "moduleReads", "broadcastPrefixes"] as const;

let cachesCount = 0;

const flag = (value: boolean | undefined): number => (value === true ? 1 : 0);

/** What a cache needs of a client that reads through it. */
export interface CacheClient {
  /** Resolves once the cache serves nothing of what this client reads that was outdated when called. */
  prove(): Promise<void>;
}

/** A client-side cache. Give it to any number of clients as the option `clientSideCache`. It lives until
    dispose(), also while no client has a connection. */
export class ClientSideCache {
  /** @internal What names this cache in metrics. */
  readonly number: number = ++cachesCount;
  readonly #options: ClientSideCacheOptions;
  #core: Core | undefined;
  #id = 0;
  readonly #clients: Set<CacheClient> = new Set();

  /**
   * Checks the options. The cache takes no memory before the first client connects.
   * @throws ConfigurationError, which names the invalid option.
   */
  constructor(options: ClientSideCacheOptions) {
    options = ownOptions(options, [...Object.keys(kinds), ...lists]);
    checkObject("options of the cache", options, "{ maxCacheKb: 1024 }");
    checkOptions(options, kinds, lists);
    for (const name of lists) {
      const list: unknown = options[name];
      const isList = Array.isArray(list) && list.every((each) => typeof each === "string");
      if (list !== undefined && !isList) {
        throw new ConfigurationError("invalid_option", `${name}: not a list of strings`);
      }
    }
    if (!(options.maxCacheKb > 0)) {
      throw new ConfigurationError("invalid_option",
        `maxCacheKb: ${options.maxCacheKb} is not a size for the cache, in KiB; give 1 or more`);
    }
    this.#options = options;
  }

  /** Drops all entries. */
  clear(): void {
    const core = this.#core;
    if (core?.failure === undefined) core?.ask(() => core.calls.plimsoll_clear_cache(this.#id));
  }

  /**
   * Once this resolves, the cache serves only what was true when it was called, or later. Costs a round
   * trip for each client of the cache, and drops entries that only entryTtlMs bounds.
   * Rejects with the error of the first client whose connection does not answer (a TimeoutError after
   * its requestTimeout): then nothing is promised.
   */
  async barrier(): Promise<void> {
    const core = this.#core;
    if (core === undefined || core.failure !== undefined) return;
    core.ask(() => core.calls.plimsoll_drop_untracked(this.#id));
    await Promise.all([...this.#clients].map((client) => client.prove()));
  }

  /**
   * What has happened to lookups and entries; all 0 before the first client.
   * @throws ConfigurationError if enableMetrics is false, as all methods below do.
   */
  getStatistics(): CacheStatistics {
    if (this.#options.enableMetrics === false) {
      throw new ConfigurationError("invalid_option", "enableMetrics is false: the cache gives no statistics");
    }
    const core = this.#core;
    if (core === undefined || core.failure !== undefined) {
      return Object.fromEntries(statisticsNames.map((name) => [name, 0])) as
        unknown as CacheStatistics;
    }
    core.ask(() => core.calls.plimsoll_cache_statistics(this.#id));
    return readNumbers(core, core.outbox + outboxAt.statistics, statisticsNames);
  }

  /** The share of lookups that the cache served, from 0 to 1; 0 without lookups. */
  getCacheHitRate(): number {
    const { hits, lookups } = this.getStatistics();
    return lookups === 0 ? 0 : hits / lookups;
  }

  /** The share of lookups that the cache could not serve, from 0 to 1; 0 without lookups. */
  getCacheMissRate(): number {
    const { hits, lookups } = this.getStatistics();
    return lookups === 0 ? 0 : (lookups - hits) / lookups;
  }

  /** The number of entries that the cache has now. */
  getCacheEntryCount(): number { return this.getStatistics().entries; }
  /** The number of entries that were evicted to make room. */
  getCacheEvictions(): number { return this.getStatistics().evictions; }
  /** The number of entries whose time was up. */
  getCacheExpirations(): number { return this.getStatistics().expirations; }
  /** The number of entries that an invalidation, or a write of a client, removed. */
  getCacheInvalidations(): number { return this.getStatistics().invalidations; }
  /** The number of reads that were looked up. */
  getCacheTotalLookups(): number { return this.getStatistics().lookups; }

  /**
   * Drops all entries and gives the cache's memory back. A client may use the cache again later.
   * @throws ConfigurationError while a client reads through the cache.
   */
  dispose(): void {
    const core = this.#core;
    if (core === undefined) return;
    if (core.failure === undefined) core.ask(() => core.calls.plimsoll_destroy_cache(this.#id));
    this.#core = undefined;
    this.#id = 0;
  }

  /** @internal Returns the cache's id in this instance of the core, and makes the cache there if needed. */
  open(core: Core): number {
    if (this.#core === core) return this.#id;
    const options = this.#options;
    const record = core.calls.plimsoll_cache_options();
    const texts = lists.map((name) => options[name] ?? []);
    const [onlyCommands, onlyKeyPrefixes, moduleReads, broadcastPrefixes] = texts;
    writeFields(core, record, cacheOptionsAt, cacheOptionsDoublesEnd, {
      bytesMax: options.maxCacheKb * 1024,
      entriesMax: options.maxEntries,
      entryTtl: options.entryTtlMs,
      coherenceLease: options.coherenceLeaseMs,
      seed: randomSeed(),
      evictionPolicy: kinds.evictionPolicy.indexOf(options.evictionPolicy ?? "lru"),
      mode: kinds.mode.indexOf(options.mode ?? "automatic"),
      serverTtlCap: flag(options.serverTtlCap),
      cacheNil: flag(options.cacheNil),
      optIn: flag(options.optIn),
      onlyCommandsCount: onlyCommands!.length,
      onlyKeyPrefixesCount: onlyKeyPrefixes!.length,
      moduleReadsCount: moduleReads!.length,
      broadcastPrefixesCount: broadcastPrefixes!.length,
    });
    const words = texts.flat();
    stage(core, words);
    this.#id = core.check(core.calls.plimsoll_create_cache(words.length));
    this.#core = core;
    return this.#id;
  }

  /** @internal The most bytes that the cache takes. */
  get bytesMax(): number { return this.#options.maxCacheKb * 1024; }

  /** @internal */
  attach(client: CacheClient): void { this.#clients.add(client); }
  /** @internal */
  detach(client: CacheClient): void { this.#clients.delete(client); }
}

/** Draws a whole number below 2^53 that a peer cannot guess. */
export const randomSeed = (): number => {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return (high! >>> 11) * 0x100000000 + low!;
};
