import { type Hoard, keyOf, writeHoard } from "./hoard.js";
import { type Course, halfOfTheLine, type Load, type Read } from "./load.js";
import { seededRandom } from "./random.js";

// Somebody reads all keys from the first to the last, again and again, and more than fit. Every third
// read is of a few others, which are wanted all the time: by recency alone the scan drives them out.

const scanned: Hoard = { prefix: "demo:scan", count: 12_000, bytesEach: 2048 };
const wanted: Hoard = { prefix: "demo:wanted", count: 1500, bytesEach: 2048 };
const rounds = 4;
const readsPerWanted = 3;
const total = (rounds * scanned.count * readsPerWanted) / (readsPerWanted - 1);
const legLength = 60;

export const scan: Load = {
  cacheKb: halfOfTheLine,
  readsPerPoint: 600,
  prepare: async (writer) => {
    await writeHoard(scanned, writer);
    await writeHoard(wanted, writer);
  },
  *course(): Course {
    const random = seededRandom(1858);
    let next = 0;
    for (let done = 0; done < total; done += legLength) {
      const reads: Read[] = [];
      for (let each = 0; each < legLength; ++each) {
        const key = each % readsPerWanted === 0
          ? keyOf(wanted, Math.floor(random() * wanted.count))
          : keyOf(scanned, next++ % scanned.count);
        reads.push({ command: "GET", key });
      }
      yield { reads, part: done / total };
    }
    return `${rounds} rounds over ${scanned.count.toLocaleString("en")} keys, and others between`;
  },
};
