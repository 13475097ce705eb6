import { outboxAt, pools } from "./core/abi.js";
import { type Core, currentCore, loadCore } from "./core/core.js";
import { bytesOf, checkObject, checkOptions } from "./check-options.js";
import { ConfigurationError } from "./errors.js";

// The memory limit of this process or isolate, which all its clients and caches share.

/** The memory of one pool, in bytes. */
export interface PoolStatistics {
  /** The most that the pool may have. */
  readonly limit: number;
  /** What the pool has now, and the most that it had at any time. */
  readonly used: number;
  readonly peak: number;
  /** How often the pool refused memory. */
  readonly refused: number;
  /** Requests that wait for this pool's memory now, and connections that cannot be read without it. */
  readonly waiting: number;
}

/** The memory of all clients and caches, in bytes. */
export interface MemoryStatistics {
  /** The memory limit. */
  readonly limit: number;
  /** The memory in use. */
  readonly live: number;
  /** The most memory that was in use at any time. */
  readonly peak: number;
  /** The size of the WebAssembly memory, which never shrinks: at most the limit and 2 MiB. */
  readonly highWater: number;
  /** How often memory was refused because highWater would have passed that: there was room below the
      limit, but not in one piece. */
  readonly growthsRefused: number;
  /** The same for each pool: what the memory is used for. */
  readonly pools: Readonly<Record<(typeof pools)[number], PoolStatistics>>;
}

/** Options of configure(). */
export interface MemoryOptions {
  /** "16 MiB", or a number of bytes; 1 to 224 MiB. Default: 64 MiB. */
  readonly memoryLimit: number | string;
}

const limitMin = 1024 ** 2;
const limitMax = 224 * 1024 ** 2;

let wanted: number | undefined;

/**
 * Sets the memory limit of this process or isolate: what all clients and caches may take together. Call it
 * once, before the first client; setMemoryLimit() changes the limit later.
 * @throws ConfigurationError if the amount is invalid, there is another option, or another limit was set before.
 */
export const configure = (options: MemoryOptions): void => {
  checkObject("options of configure()", options, '{ memoryLimit: "16 MiB" }');
  checkOptions(options, {}, ["memoryLimit"]);
  const bytes = limitOf(options.memoryLimit);
  if (wanted !== undefined && wanted !== bytes) {
    throw new ConfigurationError("invalid_option",
      `memoryLimit: ${bytes} bytes were given, but the limit is ${wanted} bytes already; ` +
        "setMemoryLimit() changes it");
  }
  const core = currentCore();
  if (core !== undefined) core.ask(() => core.calls.plimsoll_configure(bytes));
  wanted = bytes;
};

/**
 * Changes the memory limit: "16 MiB", or a number of bytes; 1 to 224 MiB. If more is in use, no memory is
 * granted until enough was released.
 * @throws ConfigurationError if the amount is invalid.
 */
export const setMemoryLimit = (memoryLimit: number | string): void => {
  const bytes = limitOf(memoryLimit);
  const core = currentCore();
  if (core !== undefined) core.ask(() => core.calls.plimsoll_set_memory_limit(bytes));
  wanted = bytes;
};

const limitOf = (amount: number | string): number => {
  const bytes = bytesOf("memoryLimit", amount);
  if (bytes >= limitMin && bytes <= limitMax) return bytes;
  throw new ConfigurationError("invalid_option",
    `memoryLimit: ${bytes} bytes is not between ${limitMin} (1 MiB) and ${limitMax} (224 MiB)`);
};

/** @internal The instance of the core, with the memory limit that was set. */
export const loadConfiguredCore = async (): Promise<Core> => {
  const core = await loadCore();
  if (wanted !== undefined) {
    const bytes = wanted;
    core.ask(() => core.calls.plimsoll_set_memory_limit(bytes));
  }
  return core;
};

/** @internal The memory limit that was set: less than the limit in force until enough was released. */
export const memoryTarget = (inForce: number): number => wanted ?? inForce;

const poolWords = 5;

/** The memory in use now; all numbers are 0 before the first client. */
export const getMemoryStatistics = (): MemoryStatistics => {
  const core = currentCore();
  core?.ask(() => core.calls.plimsoll_memory_statistics());
  const at = core === undefined ? 0 : (core.outbox + outboxAt.statistics) >> 3;
  const number = (index: number): number => core?.doubles[at + index] ?? 0;
  const pool = (index: number): PoolStatistics => ({
    limit: number(4 + poolWords * index),
    used: number(5 + poolWords * index),
    peak: number(6 + poolWords * index),
    refused: number(7 + poolWords * index),
    waiting: number(8 + poolWords * index),
  });
  return {
    limit: number(0),
    live: number(1),
    peak: number(2),
    highWater: number(3),
    growthsRefused: number(4 + poolWords * pools.length),
    pools: Object.fromEntries(pools.map((name, index) => [name, pool(index)])) as
      MemoryStatistics["pools"],
  };
};
