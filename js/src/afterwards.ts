import { inMicrotask } from "./own-timers.js";

// What runs code of the caller's because of something that the core has told: decoders, listeners, signals. The core
// tells several things at a time, in memory that the next call of any client writes to, and takes no calls of a client
// whose events were not all read. So such code waits until a driver has read all that there is.

export class Afterwards {
  #acts: (() => void)[] = [];

  get isEmpty(): boolean { return this.#acts.length === 0; }

  /** Has `act` called by the next run(), behind all that wait already. */
  add(act: () => void): void { this.#acts.push(act); }

  /** Calls all that wait. An exception of one is reported as uncaught: it is the caller's. */
  run(): void {
    const acts = this.#acts;
    if (acts.length === 0) return;
    this.#acts = [];
    for (const act of acts) {
      try {
        act();
      } catch (error) {
        inMicrotask(() => { throw error; });
      }
    }
  }
}
