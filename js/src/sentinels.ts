import { addressAt, serverOf } from "./address.js";
import { type ErrorName, errorNames, outboxAt } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { readNumbers } from "./core/fields.js";
import { messageOf, wordsOf } from "./errors.js";
import type { SentinelState } from "./topology.js";
import type { Address } from "./transport/transport.js";

// What a driver knows of the sentinels that its core asks where the primary is: what each said last, from the core, and the
// errors of the connections to them.

// For these the core knows only that there is no connection, and the transport why.
const problemsOfTransports: ReadonlySet<ErrorName> =
  new Set<ErrorName>(["connect_failed", "connection_lost", "tls_failed", "certificate_invalid"]);

const namesOfSentinel =
  ["seed", "namedPort", "primaryPort", "isConnected", "problem", "isFound"] as const;

export class Sentinels {
  readonly #core: Core;
  readonly #id: number;
  readonly #addresses: readonly Address[];
  // By the numbers of their connections, so at most one for each.
  readonly #opened = new Map<number, { readonly address: string; words: string }>();
  #last: readonly SentinelState[] | undefined;
  #isFound = false;

  constructor(core: Core, id: number, addresses: readonly Address[]) {
    this.#core = core;
    this.#id = id;
    this.#addresses = addresses;
  }

  /** A connection to a sentinel is being opened. */
  handleOpening(number: number, address: Address): void {
    const text = serverOf(address);
    if (this.#opened.get(number)?.address !== text) this.#opened.set(number, { address: text, words: "" });
  }

  /** A connection has ended. Returns false if it was not to a sentinel. */
  handleEnd(number: number, error: unknown): boolean {
    const opened = this.#opened.get(number);
    if (opened !== undefined) opened.words = error === undefined ? "" : wordsOf(error);
    return opened !== undefined;
  }

  /** What each has said last; after keep(), what it had said then. */
  read(): readonly SentinelState[] {
    if (this.#last !== undefined) return this.#last;
    const states: SentinelState[] = [];
    for (let state = this.#read(0); state !== undefined; state = this.#read(states.length)) states.push(state);
    return states;
  }

  /** The client is about to end in the core. */
  keep(): void { this.#last = this.read(); }

  /** The core has failed, and must not be called: what it knew is lost. */
  giveUp(): void { this.#last ??= []; }

  /** Why there is no primary: what came of each sentinel. "" if they have named one. */
  trouble(): string {
    const states = this.read();
    if (this.#isFound) return "";
    return states.map(({ address, primary, problem }) =>
      `${address}: ${problem ?? (primary === undefined ? "no answer yet" : `names ${primary}`)}`).join("; ");
  }

  #read(index: number): SentinelState | undefined {
    const core = this.#core;
    if (core.check(core.calls.plimsoll_sentinel(this.#id, index)) === 0) return undefined;
    const numbers = readNumbers(core, core.outbox + outboxAt.statistics, namesOfSentinel);
    this.#isFound = numbers.isFound === 1;
    const address = numbers.namedPort === 0 ? serverOf(this.#addresses[numbers.seed]!)
      : serverOf(addressAt("valkey", core.spanText(0), numbers.namedPort));
    const primary = numbers.primaryPort === 0 ? undefined
      : serverOf(addressAt("valkey", core.spanText(1), numbers.primaryPort));
    const problem = this.#problemOf(errorNames[numbers.problem]!, address);
    return { address, isConnected: numbers.isConnected === 1,
      ...primary === undefined ? {} : { primary }, ...problem === undefined ? {} : { problem } };
  }

  #problemOf(name: ErrorName, address: string): string | undefined {
    if (name === "none") return undefined;
    const core = this.#core;
    const text = messageOf(name, core.text(core.outbox + outboxAt.text, core.outboxNumber(outboxAt.textSize)));
    const opened = [...this.#opened.values()].find((each) => each.address === address);
    const words = problemsOfTransports.has(name) ? opened?.words ?? "" : "";
    return words === "" ? text : `${text}: ${words}`;
  }
}
