import { reader, writer } from "./fleet.js";
import { nextTurn } from "./pace.js";

// What one client writes, and another had in its cache: how long until it is gone there.

export interface Invalidation {
  /** What the reader had in its cache, and what it reads afterwards. */
  readonly before: string | null;
  readonly after: string | null;
  /** Milliseconds from the writer's call until the reader's cache had the key no more, and until the
      writer had its reply. */
  readonly goneAfter: number;
  readonly writtenAfter: number;
  /** Entries that the cache has dropped meanwhile because the server said so. */
  readonly invalidations: number;
}

const patience = 10_000;
const askingInterval = 20;

/** Sets `key` by the writer, while the reader has it in its cache. */
export const writeElsewhere = async (key: string, value: string): Promise<Invalidation> => {
  const before = await readIntoCache(key);
  const counted = reader().getCacheStatistics().invalidations;
  const began = performance.now();
  let writtenAfter = NaN;
  const written = writer().set(key, value).then(() => { writtenAfter = performance.now() - began; });
  const [goneAfter] = await Promise.all([untilGone(key, counted, began), written]);
  const invalidations = reader().getCacheStatistics().invalidations - counted;
  return { before, after: await reader().get(key), goneAfter, writtenAfter, invalidations };
};

// What is not there is not cached: a first value has to be.
const readIntoCache = async (key: string): Promise<string | null> => {
  const found = await reader().get(key);
  if (found !== null) return found;
  await writer().set(key, "nothing yet");
  return reader().get(key);
};

// To ask the cache for the key is a hit while it is there. So that there are few of those, it is asked
// when an invalidation was counted, and now and then in case the entry went in another way.
const untilGone = async (key: string, counted: number, began: number): Promise<number> => {
  let [seen, askedAt] = [counted, began];
  while (performance.now() - began < patience) {
    const { invalidations } = reader().getCacheStatistics();
    const now = performance.now();
    if (invalidations !== seen || now - askedAt > askingInterval) {
      [seen, askedAt] = [invalidations, now];
      if (reader().cached(key) === undefined) return performance.now() - began;
    }
    await nextTurn();
  }
  throw new Error(`the reader's cache had ${key} still after ${patience} ms: nobody told it of the change`);
};
