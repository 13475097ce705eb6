import { sleep } from "./sleep.js";

// How fast a replay may go, without keeping the worker from what else it has to do.

const restMax = 4;  // milliseconds between two looks at the clock
const debtMax = 100;  // milliseconds that may be made up for
const busyMax = 8;  // milliseconds of work before others have their turn

const { port1, port2 } = new MessageChannel();
const turns: (() => void)[] = [];
port1.onmessage = () => turns.shift()?.();

/** Comes back when whatever else is due has had its turn; a timer would wait for 4 ms. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => {
  turns.push(resolve);
  port2.postMessage(undefined);
});

export class Pace {
  #perSecond = Infinity;
  #from = performance.now();
  #given = 0;
  #turnBegan = performance.now();

  /** Infinity: as fast as it goes. */
  set perSecond(perSecond: number) {
    this.#perSecond = perSecond;
    this.#restart();
  }

  /** Waits until reads are due, and answers how many: `wanted` at most. */
  async due(wanted: number): Promise<number> {
    for (;;) {
      await this.#giveWay();
      const due = this.#due();
      if (due >= 1) {
        const granted = Math.min(wanted, due);
        this.#given += granted;
        return granted;
      }
      await sleep(Math.min(restMax, 1000 / this.#perSecond));
      this.#turnBegan = performance.now();
    }
  }

  #due(): number {
    if (this.#perSecond === Infinity) return Infinity;
    const allowed = ((performance.now() - this.#from) * this.#perSecond) / 1000 - this.#given;
    if (allowed > Math.max(1, (debtMax * this.#perSecond) / 1000)) this.#restart();
    return Math.floor(allowed);
  }

  async #giveWay(): Promise<void> {
    if (performance.now() - this.#turnBegan < busyMax) return;
    await nextTurn();
    this.#turnBegan = performance.now();
  }

  #restart(): void {
    this.#from = performance.now();
    this.#given = 0;
  }
}
