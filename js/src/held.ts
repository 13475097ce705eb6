import type { Driver } from "./driver.js";
import { PlimsollError } from "./errors.js";

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
