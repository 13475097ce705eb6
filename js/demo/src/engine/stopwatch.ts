import { Histogram } from "./histogram.js";

// How long reads took, by a clock that is coarser than a hit is fast: 5 µs on an isolated page, 100 µs
// on others. A miss is timed by itself, from the call to its reply. Hits are timed by runs of
// them, as long as their calls took, and counted in groups large enough for the clock's steps to even
// out: each hit with the mean of its group.

const hitsPerGroup = globalThis.crossOriginIsolated ? 64 : 4096;

export class Stopwatch {
  readonly hits = new Histogram();
  readonly misses = new Histogram();
  #groupHits = 0;
  #groupTime = 0;

  /** The calls of a leg: `begun` has when each was made, and behind the last when that had returned. */
  countHits(begun: Float64Array, isHit: Uint8Array, count: number): void {
    for (let first = 0; first < count; ++first) {
      if (isHit[first] === 0) continue;
      let end = first + 1;
      while (end < count && isHit[end] === 1) ++end;
      this.#addRun(begun[end]! - begun[first]!, end - first);
      first = end;
    }
  }

  countMiss(milliseconds: number): void { this.misses.add(milliseconds); }

  #addRun(milliseconds: number, hits: number): void {
    this.#groupTime += milliseconds;
    this.#groupHits += hits;
    if (this.#groupHits < hitsPerGroup) return;
    this.hits.add(this.#groupTime / this.#groupHits, this.#groupHits);
    this.#groupTime = this.#groupHits = 0;
  }
}
