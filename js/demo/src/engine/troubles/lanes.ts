import { type Client, ClosedError } from "plimsoll";

import type { Outcomes } from "../outcomes.js";
import { sleep } from "../sleep.js";

// Reads and writes that go on and on, in lanes: each asks, awaits, and asks again.

const lanesCount = 16;
const pauseAfterError = 10;
const keysCount = 256;
const keyOf = (index: number): string => `demo:lane:${index % keysCount}`;

export const allKeys = Array.from({ length: keysCount }, (_, index) => keyOf(index));

export class Lanes {
  readonly #client: Client;
  readonly #outcomes: Outcomes;
  readonly #timeout: number;
  readonly #all: Promise<unknown>;
  #asked = 0;
  #open = true;
  /** Called with the time of each reply. */
  handleReply: (at: number) => void = () => undefined;

  constructor(client: Client, outcomes: Outcomes, timeout: number) {
    this.#client = client;
    this.#outcomes = outcomes;
    this.#timeout = timeout;
    this.#all = Promise.all(Array.from({ length: lanesCount }, () => this.#lane()));
  }

  async #lane(): Promise<void> {
    while (this.#open) {
      const key = keyOf(this.#asked++);
      // A write each time: a lane of cached reads alone would never let the worker do anything else.
      const over = await this.#ask(() => this.#client.set(key, "v", { timeout: this.#timeout })) ||
        await this.#ask(() => this.#client.get(key, { timeout: this.#timeout }));
      if (over) return;
    }
  }

  async #ask(request: () => Promise<unknown>): Promise<boolean> {
    const error = await this.#outcomes.of(request());
    if (error === undefined) {
      this.handleReply(performance.now());
      return false;
    }
    await sleep(pauseAfterError);
    return error instanceof ClosedError;
  }

  async end(): Promise<void> {
    this.#open = false;
    await this.#all;
  }
}
