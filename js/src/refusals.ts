// Promises of requests that were refused. They are rejected once the microtasks of now are done: to a
// promise that is rejected before anybody listens a runtime pays special attention, which costs more than
// all else that there is to a refusal. So there are as many here as a caller has made calls without
// letting a microtask run, each of which it has a promise for anyway; each costs the same.

export class Refusals {
  #rejects: ((error: unknown) => void)[] = [];
  #errors: unknown[] = [];

  /** A promise that will be rejected with `error`. */
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
