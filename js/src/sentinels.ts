import { addressAt, serverOf } from "./address.js";
import { outboxAt } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { readNumbers } from "./core/fields.js";
import type { LastWords } from "./last-words.js";
import type { SentinelState } from "./topology.js";
import type { Address } from "./transport/transport.js";

// What a driver knows of the sentinels that its core asks where the primary is: what each said last.

const namesOfSentinel =
  ["seed", "namedPort", "primaryPort", "isConnected", "problem", "isFound"] as const;

export class Sentinels {
  readonly #core: Core;
  readonly #id: number;
  readonly #addresses: readonly Address[];
  readonly #lastWords: LastWords;
  #last: readonly SentinelState[] | undefined;
  #isFound = false;

  constructor(core: Core, id: number, addresses: readonly Address[], lastWords: LastWords) {
    this.#core = core;
    this.#id = id;
    this.#addresses = addresses;
    this.#lastWords = lastWords;
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
    const problem = this.#lastWords.problem(numbers.problem, address);
    return { address, isConnected: numbers.isConnected === 1,
      ...primary === undefined ? {} : { primary }, ...problem === undefined ? {} : { problem } };
  }
}
