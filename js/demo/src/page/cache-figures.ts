import type { Snapshot } from "../engine/worker.js";
import type { Engine } from "./engine.js";
import { asBytes, asCount, asPercent } from "./format.js";
import { makeFigures } from "./figures.js";

// What the cache counts, as it counts it.

export const mountFigures = (parent: HTMLElement, engine: Engine): void => {
  const figures = makeFigures({
    entries: "entries",
    bytes: "bytes it takes",
    lookups: "lookups",
    hits: "hits",
    hitRate: "hit rate",
    evictions: "evictions",
    expirations: "expirations",
    invalidations: "invalidations",
    perSecond: "reads a second",
    missed: "misses a second",
  });
  parent.append(figures.list);
  let last: Snapshot | undefined;
  engine.on("snapshot", (now) => {
    const { cache } = now;
    // With a new cache the counters begin anew.
    const isSameCache = last !== undefined && cache.lookups >= last.cache.lookups;
    const since = isSameCache ? last! : { ...now, at: now.at - 100 };
    const perSecond = (count: number): string => asCount((1000 * count) / (now.at - since.at));
    const misses = (of: Snapshot): number => of.cache.lookups - of.cache.hits;
    figures.show({
      entries: asCount(cache.entries),
      bytes: asBytes(cache.bytesCommitted),
      lookups: asCount(cache.lookups),
      hits: asCount(cache.hits),
      hitRate: cache.lookups === 0 ? "–" : asPercent(cache.hits / cache.lookups),
      evictions: asCount(cache.evictions),
      expirations: asCount(cache.expirations),
      invalidations: asCount(cache.invalidations),
      perSecond: perSecond(cache.lookups - since.cache.lookups),
      missed: perSecond(misses(now) - misses(since)),
    });
    last = now;
  });
};
