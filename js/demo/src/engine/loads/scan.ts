import { type Hoard, keyOf, writeHoard } from "./hoard.js";
import { type Course, halfOfTheLine, type Load, type Read } from "./load.js";

// The same keys from the first to the last, again and again: more than fit. What was read longest ago
// is what will be read next, so LRU evicts just that.

const hoard: Hoard = { prefix: "demo:scan", count: 12_000, bytesEach: 2048 };
const rounds = 4;
const legLength = 64;

export const scan: Load = {
  cacheKb: halfOfTheLine,
  readsPerPoint: 400,
  prepare: (writer) => writeHoard(hoard, writer),
  *course(): Course {
    const total = rounds * hoard.count;
    for (let done = 0; done < total; done += legLength) {
      const reads: Read[] = [];
      for (let next = done; next < Math.min(done + legLength, total); ++next) {
        reads.push({ command: "GET", key: keyOf(hoard, next % hoard.count) });
      }
      yield { reads, part: done / total };
    }
    return `${rounds} rounds over ${hoard.count} keys`;
  },
};
