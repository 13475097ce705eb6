import { inMicrotask, inTask } from "./own-timers.js";

// The promises of requests that were refused. They are rejected in a microtask, not at once: a runtime treats
// a promise that is rejected before it has a handler as a special case, which costs more than the rest of a
// refusal. Their number is bounded by the calls that a caller makes without letting a microtask run, and the
// caller holds a promise for each of those anyway.
//
// Of so many such microtasks one is a task of its own. Else a loop that calls again as soon as it was refused would keep
// everything else from the event loop, also the replies that make room.
const microtasksPerTask = 64;

export class Refusals {
  #rejects: ((error: unknown) => void)[] = [];
  #errors: unknown[] = [];
  #microtasksLeft = microtasksPerTask;

  /** Returns a promise that will be rejected with `error` in a microtask. */
  reject(error: unknown): Promise<never> {
    if (this.#rejects.length === 0) this.#schedule();
    this.#errors.push(error);
    return new Promise((_, reject) => { this.#rejects.push(reject); });
  }

  #schedule(): void {
    if (--this.#microtasksLeft > 0) return inMicrotask(this.#rejectAll);
    this.#microtasksLeft = microtasksPerTask;
    inTask(this.#rejectAll);
  }

  readonly #rejectAll = (): void => {
    const rejects = this.#rejects;
    const errors = this.#errors;
    this.#rejects = [];
    this.#errors = [];
    for (let i = 0; i < rejects.length; ++i) rejects[i]!(errors[i]);
  };
}
