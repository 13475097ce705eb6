import type { LineWatch } from "../line-watch.js";
import type { Outcomes } from "../outcomes.js";

// One way of being in trouble: it does what it is named after, counts what came of it, and tidies up.

/** What was measured besides the outcomes and the line. Bytes, milliseconds, or a count. */
export interface Fact {
  readonly name: string;
  readonly value: number | string;
  readonly unit?: "bytes" | "time" | "count";
}

export interface Scene {
  readonly watch: LineWatch;
  readonly outcomes: Outcomes;
}

export interface Ending {
  /** Milliseconds of the trouble itself, without what was prepared before. */
  readonly took: number;
  readonly facts: readonly Fact[];
}

export type Trouble = (scene: Scene, choice: string) => Promise<Ending>;
