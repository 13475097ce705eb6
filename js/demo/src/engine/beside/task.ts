import type { Outcome } from "../outcomes.js";

// What both sides of the comparison are asked and tell.

export interface Task {
  readonly address: string;
  readonly token: string;
  readonly count: number;
}

export interface SideResult {
  readonly outcomes: readonly Outcome[];
  /** From the first request to the last outcome, in milliseconds. */
  readonly took: number;
  /** Bytes that the client held at most and might hold, by its own account; undefined: it keeps none. */
  readonly bytesMax: number | undefined;
  readonly bytesLimit: number | undefined;
  /** Bytes that its WebSocket had taken and not sent, at most. */
  readonly socketMax: number;
  /** Requests that the client had taken and not answered, at most. */
  readonly heldMax: number;
}
