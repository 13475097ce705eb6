import { outboxAt, pools } from "./core/abi.js";
import { type Core, currentCore, loadCore } from "./core/core.js";
import { bytesOf } from "./options.js";
import { ConfigurationError } from "./errors.js";

// The one memory line of a process or isolate.

/** What one pool of the line has: bytes. */
export interface PoolStatistics {
  /** What it may have, of the line. */
  readonly limit: number;
  /** What it has now, and the most that it had. */
  readonly used: number;
  readonly peak: number;
  /** How often memory was asked for and not granted. */
  readonly refused: number;
  /** Requests that wait for its memory now, and connections that cannot be read for want of it. */
  readonly waiting: number;
}

/** Bytes, as the core counts them. */
export interface MemoryStatistics {
  /** The line. */
  readonly limit: number;
  /** What is in use, of all that the line covers. */
  readonly live: number;
  /** The most that was. */
  readonly peak: number;
  /** What the WebAssembly memory has grown to: it never shrinks. */
  readonly highWater: number;
  /** The same by what it is for. */
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
 * Draws the memory line of this process or isolate: what all clients and caches may take
 * together. Once, before the first of them; setMemoryLimit() moves it later.
 * @throws ConfigurationError: no such amount, or another line was drawn already.
 */
export const configure = (options: MemoryOptions): void => {
  const bytes = limitOf(options.memoryLimit);
  if (wanted !== undefined && wanted !== bytes) {
    throw new ConfigurationError("invalid_option",
      `memoryLimit: ${bytes} bytes, where ${wanted} are in force already; setMemoryLimit() ` +
        "changes them");
  }
  const core = currentCore();
  if (core !== undefined) core.ask(() => core.calls.plimsoll_configure(bytes));
  wanted = bytes;
};

/** Moves the line. Where more is in use, nothing is granted until enough was released. */
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

/** @internal The instance, with its line drawn. */
export const loadConfiguredCore = async (): Promise<Core> => {
  const core = await loadCore();
  if (wanted !== undefined) {
    const bytes = wanted;
    core.ask(() => core.calls.plimsoll_set_memory_limit(bytes));
  }
  return core;
};

const poolWords = 5;

/** What is in use now; all 0 before the first client. */
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
    pools: Object.fromEntries(pools.map((name, index) => [name, pool(index)])) as
      MemoryStatistics["pools"],
  };
};
