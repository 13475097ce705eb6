import { getMemoryStatistics, type PoolStatistics } from "plimsoll";

// How high the line was while something went on. The core keeps the peaks of its whole life, to the
// byte: where one has risen meanwhile, that is the peak of the while. Where it has not, it is the
// highest that was seen, every few milliseconds and wherever whoever is watched looks by itself.

/** What a line, or a pool of it, was at most. */
export interface Height {
  readonly peak: number;
  /** In force, the highest meanwhile. */
  readonly limit: number;
  /** Whether the core's own peak rose, so that this one is to the byte. */
  readonly isExact: boolean;
}

export interface LineWhile extends Height {
  /** False: it was seen above the limit in force. */
  readonly held: boolean;
  readonly pushes: Height;
}

type Level = Pick<PoolStatistics, "limit" | "peak"> & { readonly used: number };

class Gauge {
  readonly #peakBefore: number;
  #highest = 0;
  #limit = 0;
  #held = true;

  constructor(before: Level) { this.#peakBefore = before.peak; }

  see({ used, limit }: Level): void {
    this.#highest = Math.max(this.#highest, used);
    this.#limit = Math.max(this.#limit, limit);
    if (used > limit) this.#held = false;
  }

  read({ peak }: Level): Height & { held: boolean } {
    const isExact = peak > this.#peakBefore;
    const highest = isExact ? peak : this.#highest;
    return { peak: highest, limit: this.#limit, isExact, held: this.#held && highest <= this.#limit };
  }
}

const levels = (): { line: Level; pushes: Level } => {
  const { limit, live, peak, pools } = getMemoryStatistics();
  return { line: { limit, used: live, peak }, pushes: pools.pushes };
};

const interval = 4;
const showInterval = 100;

export class LineWatch {
  readonly #line: Gauge;
  readonly #pushes: Gauge;
  readonly #show: () => void;
  readonly #timer = setInterval(() => this.look(), interval);
  #shownAt = performance.now();

  /** `show` is called ten times a second, even where the thread is kept busy by who looks. */
  constructor(show: () => void) {
    const { line, pushes } = levels();
    this.#line = new Gauge(line);
    this.#pushes = new Gauge(pushes);
    this.#show = show;
  }

  look(): void {
    const { line, pushes } = levels();
    this.#line.see(line);
    this.#pushes.see(pushes);
    if (performance.now() < this.#shownAt + showInterval) return;
    this.#shownAt = performance.now();
    this.#show();
  }

  end(): LineWhile {
    clearInterval(this.#timer);
    this.look();
    const { line, pushes } = levels();
    return { ...this.#line.read(line), pushes: this.#pushes.read(pushes) };
  }
}
