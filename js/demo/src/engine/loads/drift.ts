import { type Hoard, keyOf, writeHoard } from "./hoard.js";
import { type Course, halfOfTheLine, type Load, type Read } from "./load.js";
import { seededRandom, zipf } from "./random.js";

// Few keys are read often and many seldom, and which these are shifts: every so often all ranks move
// on by some keys. What was popular once has a high count for ever, which LFU goes by.

const hoard: Hoard = { prefix: "demo:drift", count: 16_000, bytesEach: 2048 };
const total = 80_000;
const exponent = 0.9;
const readsPerShift = 500;
const keysPerShift = 100;
const legLength = 64;

export const drift: Load = {
  cacheKb: halfOfTheLine,
  readsPerPoint: 500,
  prepare: (writer) => writeHoard(hoard, writer),
  *course(): Course {
    const nextRank = zipf(hoard.count, exponent, seededRandom(1876));
    for (let done = 0; done < total; done += legLength) {
      const reads: Read[] = [];
      for (let next = done; next < Math.min(done + legLength, total); ++next) {
        const shift = keysPerShift * Math.floor(next / readsPerShift);
        reads.push({ command: "GET", key: keyOf(hoard, (nextRank() + shift) % hoard.count) });
      }
      yield { reads, part: done / total };
    }
    return `The ranks of ${hoard.count.toLocaleString("en")} keys moved ${total / readsPerShift - 1} times`;
  },
};
