import { serverOf } from "./address.js";
import { type ErrorName, errorNames, outboxAt } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { messageOf, wordsOf } from "./errors.js";
import type { Address } from "./transport/transport.js";

// The last errors of connections to servers beside the primary: sentinels and replicas. The core knows only that such a
// connection failed, and its transport why. A driver has one object of this class; it holds an entry for each number of a
// connection at most.

const problemsOfTransports: ReadonlySet<ErrorName> =
  new Set<ErrorName>(["connect_failed", "connection_lost", "tls_failed", "certificate_invalid"]);

export class LastWords {
  readonly #core: Core;
  readonly #opened = new Map<number, { readonly address: string; words: string }>();

  constructor(core: Core) { this.#core = core; }

  /** A connection is being opened. */
  handleOpening(number: number, address: Address): void {
    const text = serverOf(address);
    if (this.#opened.get(number)?.address === text) return;
    // A server that comes back may get another number.
    for (const [other, { address: at }] of this.#opened) if (at === text) this.#opened.delete(other);
    this.#opened.set(number, { address: text, words: "" });
  }

  /** A connection has ended. Returns false if handleOpening() was not called for it. */
  handleEnd(number: number, error: unknown): boolean {
    const opened = this.#opened.get(number);
    if (opened !== undefined) opened.words = error === undefined ? "" : wordsOf(error);
    return opened !== undefined;
  }

  /** The sentence about a PlimsollError of this number, which the core's last call has written, with the words of the
      connection to `address`. Undefined for 0. */
  problem(number: number, address: string): string | undefined {
    const name = errorNames[number]!;
    if (name === "none") return undefined;
    const core = this.#core;
    const text = messageOf(name, core.text(core.outbox + outboxAt.text, core.outboxNumber(outboxAt.textSize)));
    const opened = [...this.#opened.values()].find((each) => each.address === address);
    const words = problemsOfTransports.has(name) ? opened?.words ?? "" : "";
    return words === "" ? text : `${text}: ${words}`;
  }
}
