import type { CallOptions, Raw, Shape } from "./commands/call.js";
import type { PlimsollError } from "./errors.js";
import type { HeldWords } from "./held.js";

// Requests that are under way, by their tags: small numbers, which come back with the outcomes.

/** Who waits for an outcome. */
export interface Pending {
  readonly resolve: (value: any) => void;
  readonly reject: (error: unknown) => void;
  readonly shape: Shape;
  readonly asBytes: boolean;
  readonly asMaps: boolean;
  /** While it waits for room. */
  words: HeldWords | undefined;
  /** Its id, in halves. */
  low: number;
  high: number;
  /** A message, or another part of what is to come; an error: what there is cannot be told. */
  readonly part: Part | undefined;
  stopListening: (() => void) | undefined;
  /** How many commands it is, if it is a transaction; 0: it is none. */
  readonly commands: number;
  /** What the server said to the first of them that it did not take. */
  refusal: Refusal | undefined;
  /** What it fails with, whatever the core says of its end. */
  failure: unknown;
}

/** A command of a transaction that was not taken. */
export interface Refusal {
  readonly error: PlimsollError;
  /** From 1; 0: MULTI. */
  readonly place: number;
}

/** Messages that are missing before one: dropped for want of room, and lost with connections. */
export interface Missed {
  readonly lost: number;
  readonly gaps: number;
}

/** Takes a part. */
export type Part = (value: Raw, missed: Missed) => void;

/** How a request is to be answered. */
export interface Wanted {
  readonly shape?: Shape;
  readonly options?: CallOptions | undefined;
  /** Maps and sets come as Map and Set. */
  readonly asMaps?: boolean;
  readonly part?: Part;
  readonly commands?: number;
}

/** All of them. */
export class Requests {
  readonly #pending: (Pending | undefined)[] = [undefined];  // 0 is no tag
  readonly #free: number[] = [];

  /** The tag for a request that is about to be made: the same until one is put. */
  get nextTag(): number {
    const { length } = this.#free;
    return length === 0 ? this.#pending.length : this.#free[length - 1]!;
  }

  /** With nextTag. */
  put(tag: number, pending: Pending): void {
    if (tag !== this.#pending.length) this.#free.pop();
    this.#pending[tag] = pending;
  }

  get(tag: number): Pending | undefined { return this.#pending[tag]; }

  /** Takes out the one whose outcome is there. */
  take(tag: number): Pending | undefined {
    const pending = this.#pending[tag];
    if (pending === undefined) return undefined;
    this.#pending[tag] = undefined;
    this.#free.push(tag);
    pending.words?.letGo();
    try {
      pending.stopListening?.();
    } catch {
      // The signal is the caller's own code; whether it listens on matters to nobody.
    }
    return pending;
  }

  rejectAll(error: unknown): void {
    this.#pending.forEach((pending, tag) => {
      if (pending !== undefined) this.take(tag)!.reject(error);
    });
  }
}
