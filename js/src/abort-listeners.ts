import type { AbortSignalLike } from "./commands/call.js";

// One listener for each signal, however many calls have it: Node warns of a leak where a signal has more than ten.

class Listeners {
  readonly #acts = new Set<() => void>();
  readonly #signal: AbortSignalLike;
  readonly #tellAll = (): void => {
    for (const act of this.#acts) act();
    this.#end();
  };

  constructor(signal: AbortSignalLike) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#tellAll);
  }

  add(act: () => void): void { this.#acts.add(act); }

  drop(act: () => void): void {
    if (this.#acts.delete(act) && this.#acts.size === 0) this.#end();
  }

  #end(): void {
    if (listening.get(this.#signal) === this) listening.delete(this.#signal);
    this.#signal.removeEventListener("abort", this.#tellAll);
  }
}

const listening = new WeakMap<AbortSignalLike, Listeners>();

/** @internal Has `act`, which must not throw, called once when the signal is aborted. Returns a function that takes
    this back. */
export const listenForAbort = (signal: AbortSignalLike, act: () => void): (() => void) => {
  let listeners = listening.get(signal);
  if (listeners === undefined) {
    listeners = new Listeners(signal);
    listening.set(signal, listeners);
  }
  const own = listeners;
  own.add(act);
  return () => own.drop(act);
};
