import type { Word } from "./commands/call.js";
import type { Driver } from "./driver.js";
import { PlimsollError } from "./errors.js";

// A word of JavaScript's and its place in a row, besides its letters or bytes.
const bytesAroundWord = 32;

/** What it takes to keep these words. */
export const heldBytes = (words: readonly Word[]): number => {
  let bytes = bytesAroundWord;
  for (const word of words) bytes += bytesAroundWord + word.length;
  return bytes;
};

/** What a client keeps of its callers' words for requests to come, which the requests pool of the
    line pays for. One for each client. */
export class Held {
  readonly #driver: Driver;
  #bytes = 0;

  constructor(driver: Driver) { this.#driver = driver; }

  /** So many bytes more. LimitError where the pool has no room: then nothing has changed. */
  hold(bytes: number): void {
    const { core, id, end } = this.#driver;
    if (end !== undefined) throw end;
    try {
      core.check(core.calls.plimsoll_hold(id, this.#bytes + bytes));
    } catch (error) {
      throw error instanceof PlimsollError ? error : core.fail(error);
    }
    this.#bytes += bytes;
  }

  /** They are kept no more. */
  letGo(bytes: number): void {
    this.#bytes -= bytes;
    const { core, id } = this.#driver;
    this.#driver.protect(() => {
      if (bytes > 0) core.check(core.calls.plimsoll_hold(id, this.#bytes));
    });
  }
}

/** The words of one request, held until it is made. */
export class HeldWords {
  readonly #words: readonly Word[];
  readonly #held: Held;
  readonly #bytes: number;

  /** Keeps a copy: the list is the caller's, who may change it. LimitError where the pool has no
      room. */
  constructor(held: Held, words: readonly Word[]) {
    this.#held = held;
    this.#bytes = heldBytes(words);
    held.hold(this.#bytes);
    this.#words = words.slice();
  }

  letGo(): void { this.#held.letGo(this.#bytes); }

  /** The words, which are held no more. */
  take(): readonly Word[] {
    this.letGo();
    return this.#words;
  }
}
