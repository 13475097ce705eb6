import type { CallOptions, Raw, Shape } from "./commands/call.js";
import type { Wish } from "./commands/decoders.js";
import type { Decoding } from "./core/decode.js";
import type { Missed } from "./core/records.js";
import type { PlimsollError } from "./errors.js";
import type { HeldWords } from "./held.js";

// The requests in flight, by their tags: small numbers, which the core returns with the outcomes.

/** A request that waits for its outcome. */
export interface Pending {
  readonly resolve: (value: any) => void;
  readonly reject: (error: unknown) => void;
  readonly shape: Shape;
  readonly wish: Wish;
  readonly asMaps: boolean;
  /** The words of the request while it waits for room. */
  words: HeldWords | undefined;
  /** The request's id in the core, in two halves of 32 bits. */
  low: number;
  high: number;
  /** Takes each message, or other part of the outcome; an error in place of one that cannot be returned. */
  readonly part: Part | undefined;
  /** The caller's AbortSignal. */
  readonly signal: CallOptions["signal"];
  /** Removes the listener from the caller's AbortSignal. */
  stopListening: (() => void) | undefined;
  /** Of a transaction: how the reply to each command is wanted. */
  readonly each: readonly Decoding[] | undefined;
  /** The first command of the transaction that the server refused. */
  refusal: Refusal | undefined;
  /** The error to fail with, whatever error the core has for the request. */
  failure: unknown;
}

/** A command of a transaction that the server refused. */
export interface Refusal {
  readonly error: PlimsollError;
  /** The place of the command, from 1; 0 for MULTI. */
  readonly place: number;
}

/** Takes a part of an outcome. */
export type Part = (value: Raw, missed: Missed) => void;

/** How the caller wants the reply to a request. */
export interface Wanted {
  readonly shape?: Shape;
  readonly options?: CallOptions | undefined;
  /** What is wanted of strings, if it is not what `options` say. */
  readonly wish?: Wish | undefined;
  /** Whether maps and sets come as Map and Set. */
  readonly asMaps?: boolean;
  readonly part?: Part;
  readonly each?: readonly Decoding[];
}

/** All requests in flight of a client. */
export class Requests {
  readonly #pending: (Pending | undefined)[] = [undefined];  // 0 is no tag
  readonly #free: number[] = [];

  /** The tag for the next request; the same until put(). */
  get nextTag(): number {
    const { length } = this.#free;
    return length === 0 ? this.#pending.length : this.#free[length - 1]!;
  }

  /** Adds a request; `tag` is nextTag. */
  put(tag: number, pending: Pending): void {
    if (tag !== this.#pending.length) this.#free.pop();
    this.#pending[tag] = pending;
  }

  get(tag: number): Pending | undefined { return this.#pending[tag]; }

  /** Takes out a request that has its outcome. stopListening() is still to be called. */
  take(tag: number): Pending | undefined {
    const pending = this.#pending[tag];
    if (pending === undefined) return undefined;
    this.#pending[tag] = undefined;
    this.#free.push(tag);
    pending.words?.letGo();
    return pending;
  }

  rejectAll(error: unknown): void {
    this.#pending.forEach((pending, tag) => {
      if (pending === undefined) return;
      this.take(tag);
      stopListening(pending);
      pending.reject(error);
    });
  }
}

/** Removes the request's listener from the caller's signal, which may be code of the caller's. */
export const stopListening = (pending: Pending): void => {
  try {
    pending.stopListening?.();
  } catch {
    // It does no harm if the listener stays.
  }
};
