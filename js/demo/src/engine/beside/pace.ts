import type { Outcome } from "../outcomes.js";

// What both sides of the comparison are asked and tell.

export interface Task {
  readonly address: string;
  readonly token: string;
  readonly count: number;
}

export interface Pace {
  readonly outcomes: readonly Outcome[];
  /** From the first request to the last outcome, in milliseconds. */
  readonly took: number;
  /** Bytes that the client held at most, by its own account. */
  readonly bytesMax: number;
  /** What it says itself that it may hold; undefined: nothing bounds it. */
  readonly bytesLimit: number | undefined;
  /** Requests that the client had taken and not answered, at most. */
  readonly heldMax: number;
}
