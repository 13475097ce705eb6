// The promises of requests that were refused. They are rejected in a microtask, not at once: a runtime gives
// special treatment to a promise that is rejected before anybody listens to it, which costs more than the
// rest of a refusal. There are as many here as a caller makes calls without letting a microtask run; the
// caller holds a promise for each of them anyway.

export class Refusals {
  #rejects: ((error: unknown) => void)[] = [];
  #errors: unknown[] = [];

  /** Returns a promise that will be rejected with `error` in a microtask. */
  reject(error: unknown): Promise<never> {
    if (this.#rejects.length === 0) queueMicrotask(this.#rejectAll);
    this.#errors.push(error);
    return new Promise((_, reject) => { this.#rejects.push(reject); });
  }

  readonly #rejectAll = (): void => {
    const rejects = this.#rejects;
    const errors = this.#errors;
    this.#rejects = [];
    this.#errors = [];
    for (let i = 0; i < rejects.length; ++i) rejects[i]!(errors[i]);
  };
}
