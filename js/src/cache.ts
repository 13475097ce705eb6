import { cacheOptionsAt, cacheOptionsDoublesEnd, outboxAt } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { stage } from "./core/encode.js";
import { readNumbers, writeFields } from "./core/fields.js";
import { ConfigurationError } from "./errors.js";
import { checkOptions } from "./options.js";

// A near cache, which any number of clients may share and which outlives their connections. What
// it may serve, and for how long, is told in docs/caching.md.

/** What a cache relies on to know that an entry is out of date. */
export type CacheMode = "auto" | "tracking" | "ttl";

/** Options of ClientSideCache. */
export interface ClientSideCacheOptions {
  /** All that the cache may take, index and bookkeeping included. In KiB. */
  readonly maxCacheKb: number;
  /** How long an entry is served; 0: until it is invalidated or evicted. In milliseconds. */
  readonly entryTtlMs?: number | undefined;
  /** Entries at a time; 0: as many as there is room for. */
  readonly maxEntries?: number | undefined;
  /** Which entry goes first where there is no room. Default: "lru". */
  readonly evictionPolicy?: "lru" | "lfu" | undefined;
  /** Default: "auto": tracking where the server has it, else by time. */
  readonly mode?: CacheMode | undefined;
  /** The server is asked for the time to live with each read, and the shorter one holds. */
  readonly serverTtlCap?: boolean | undefined;
  /** Whether it is remembered that a key does not exist. */
  readonly cacheNil?: boolean | undefined;
  /** A tracked entry is served while its connection gave a sign of life within this time. Default:
      10000 milliseconds. */
  readonly coherenceLeaseMs?: number | undefined;
  /** The server is told of each read that is to be cached, rather than tracking all of them. */
  readonly optIn?: boolean | undefined;
  /** The server tells of all keys that begin with one of these, read or not. */
  readonly broadcastPrefixes?: readonly string[] | undefined;
  /** These commands alone are cached; none: all that can be. */
  readonly onlyCommands?: readonly string[] | undefined;
  /** Keys that begin with one of these alone. */
  readonly onlyKeyPrefixes?: readonly string[] | undefined;
  /** Reads of modules that may be cached, such as "JSON.GET": their key is their first argument. */
  readonly moduleReads?: readonly string[] | undefined;
  /** Whether getCacheHitRate() and the like may be asked. Default: true. */
  readonly enableMetrics?: boolean | undefined;
}

/** What has happened to the lookups and entries of a cache. */
export interface CacheStatistics {
  /** Reads that were looked up, and those of them that were served. */
  readonly lookups: number;
  readonly hits: number;
  /** Entries that made room for others, and those whose time was up. */
  readonly evictions: number;
  readonly expirations: number;
  /** Entries that the server, or a write, said were out of date. */
  readonly invalidations: number;
  /** Replies that were not kept: larger than the cache, of commands or keys that are not cached,
      overtaken by a change, of a key that was being written, for want of memory. */
  readonly skippedTooLarge: number;
  readonly skippedUncacheable: number;
  readonly skippedPoisoned: number;
  readonly skippedFenced: number;
  readonly skippedNoMemory: number;
  /** Entries now. */
  readonly entries: number;
  /** Bytes of the entries themselves, and of all that counts in maxCacheKb. */
  readonly bytesLive: number;
  readonly bytesCommitted: number;
  /** Users, databases and servers that clients read now; and connections that go without the cache,
      since it has as many of these as it takes. */
  readonly sources: number;
  readonly sourcesRefused: number;
}

const statisticsNames = [
  "lookups", "hits", "evictions", "expirations", "invalidations", "skippedTooLarge",
  "skippedUncacheable", "skippedPoisoned", "skippedFenced", "skippedNoMemory", "entries",
  "bytesLive", "bytesCommitted", "sources", "sourcesRefused",
] as const;

const kinds = {
  maxCacheKb: "count", entryTtlMs: "time", maxEntries: "count", coherenceLeaseMs: "time",
  evictionPolicy: ["lru", "lfu"], mode: ["auto", "tracking", "ttl"],
  serverTtlCap: "boolean", cacheNil: "boolean", optIn: "boolean", enableMetrics: "boolean",
} as const;

const lists = ["onlyCommands", "onlyKeyPrefixes", "moduleReads", "broadcastPrefixes"] as const;

const flag = (value: boolean | undefined): number => (value === true ? 1 : 0);

/** A client that reads through a cache, as the cache knows it. */
export interface CacheClient {
  prove(): Promise<void>;
}

/** A near cache: give it to any number of clients as `clientSideCache`. */
export class ClientSideCache {
  readonly #options: ClientSideCacheOptions;
  #core: Core | undefined;
  #id = 0;
  readonly #clients: Set<CacheClient> = new Set();

  /** @throws ConfigurationError, naming the option. Takes no memory before the first client. */
  constructor(options: ClientSideCacheOptions) {
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
        `maxCacheKb: ${options.maxCacheKb} is not the KiB that the cache may take, 1 at least`);
    }
    this.#options = { ...options };
  }

  /** Drops all entries. */
  clear(): void {
    const core = this.#core;
    if (core?.failure === undefined) core?.ask(() => core.calls.plimsoll_clear_cache(this.#id));
  }

  /**
   * After this, reads are served what was true when it was called, or later: a round trip for each
   * client of the cache. Entries that only time vouches for are dropped.
   */
  async barrier(): Promise<void> {
    const core = this.#core;
    if (core === undefined || core.failure !== undefined) return;
    core.ask(() => core.calls.plimsoll_drop_untracked(this.#id));
    await Promise.all([...this.#clients].map((client) => client.prove()));
  }

  /** @throws ConfigurationError where enableMetrics is false. */
  getStatistics(): CacheStatistics {
    if (this.#options.enableMetrics === false) {
      throw new ConfigurationError("invalid_option", "enableMetrics: false, so nothing is told");
    }
    const core = this.#core;
    if (core === undefined || core.failure !== undefined) {
      return Object.fromEntries(statisticsNames.map((name) => [name, 0])) as
        unknown as CacheStatistics;
    }
    core.ask(() => core.calls.plimsoll_cache_statistics(this.#id));
    return readNumbers(core, core.outbox + outboxAt.statistics, statisticsNames);
  }

  /** Lookups that were served, of all: 0 to 1. */
  getCacheHitRate(): number {
    const { hits, lookups } = this.getStatistics();
    return lookups === 0 ? 0 : hits / lookups;
  }

  /** Lookups that were not, of all: 0 to 1. */
  getCacheMissRate(): number {
    const { hits, lookups } = this.getStatistics();
    return lookups === 0 ? 0 : (lookups - hits) / lookups;
  }

  /** Entries that the cache has now. */
  getCacheEntryCount(): number { return this.getStatistics().entries; }
  /** Entries that made room for others. */
  getCacheEvictions(): number { return this.getStatistics().evictions; }
  /** Entries whose time was up. */
  getCacheExpirations(): number { return this.getStatistics().expirations; }
  /** Entries that the server, or a write, said were out of date. */
  getCacheInvalidations(): number { return this.getStatistics().invalidations; }
  /** Reads that were looked up. */
  getCacheTotalLookups(): number { return this.getStatistics().lookups; }

  /** Gives its memory back; entries are gone. Not while a client reads through it. */
  dispose(): void {
    const core = this.#core;
    if (core === undefined) return;
    if (core.failure === undefined) core.ask(() => core.calls.plimsoll_destroy_cache(this.#id));
    this.#core = undefined;
    this.#id = 0;
  }

  /** @internal The cache in this instance of the core, made now if there is none. */
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
      mode: kinds.mode.indexOf(options.mode ?? "auto"),
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

  /** @internal */
  attach(client: CacheClient): void { this.#clients.add(client); }
  /** @internal */
  detach(client: CacheClient): void { this.#clients.delete(client); }
}

/** A whole number below 2^53 that nobody can guess. */
export const randomSeed = (): number => {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return (high! >>> 11) * 0x100000000 + low!;
};
