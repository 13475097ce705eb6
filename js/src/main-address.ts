import { serverOf } from "./address.js";
import type { Cluster } from "./cluster.js";
import type { ErrorName } from "./core/abi.js";
import { wordsOf } from "./errors.js";
import type { Route } from "./link.js";
import type { Sentinels } from "./sentinels.js";
import type { Address } from "./transport/transport.js";

// Where a client's main connection leads, and what errors say about it besides the core's words: the transport's last
// words, and of a client with several addresses, what came of the last attempt at each. Driver has one object of this
// class, which keeps one text for each address at most. The counterpart in the native client is FailureWords
// (native/driver/failure_words.h).

export class MainAddress {
  readonly #route: Route;
  readonly #sentinels: Sentinels | undefined;
  readonly #cluster: Cluster | undefined;
  readonly #lastProblem: () => ErrorName;
  // The number of the address at which the last attempt was made.
  #seed = 0;
  #named: Address | undefined;
  #trouble = "";
  readonly #attempts: string[] = [];  // by the number of the address
  #place: string | undefined;  // what placeOf() returned last

  /** `sentinels` is undefined if the addresses are those of servers, and `cluster` if they cannot be those of a
      cluster. `lastProblem` asks the core what came of the last attempt. */
  constructor(route: Route, sentinels: Sentinels | undefined, cluster: Cluster | undefined,
    lastProblem: () => ErrorName) {
    this.#route = route;
    this.#sentinels = sentinels;
    this.#cluster = cluster;
    this.#lastProblem = lastProblem;
  }

  /** The address of the main connection, or of the last attempt at one. Before the sentinels have named a primary,
      the address that stands for it. */
  get address(): Address {
    return this.#named ?? this.#route.sentinels?.primary ?? this.#route.addresses[this.#seed]!;
  }

  /** The same if the sentinels, or a server of the cluster, have named it; undefined if it is one of the route's. */
  get named(): Address | undefined { return this.#named; }

  /** The transport's last words about the main connection; "" if the client has been ready since. */
  get trouble(): string { return this.#trouble; }

  // ---- Events of the main connection

  /** The core makes an attempt at the route's address number `seed`, or at one that it was `named`. */
  beginAttempt(seed: number, named: Address | undefined): void {
    // The transport's words about the only address stay, until it says something else.
    if (named === undefined && this.#named === undefined && this.#route.addresses.length === 1) return;
    if (named === undefined) this.#noteAttempt();
    this.#trouble = "";
    this.#seed = seed;
    this.#named = named;
  }

  /** The transport has ended with this error. */
  handleTrouble(error: unknown): void {
    if (error !== undefined) this.#trouble = wordsOf(error);
  }

  /** The client is connected: what was tried before matters no more. */
  handleReady(): void {
    this.#trouble = "";
    this.#attempts.length = 0;
  }

  // ---- What is made of it

  /** Returns what `address`, to which the main connection is being opened, adds to what that connection shows; see
      Way. A cluster that was found is one place, whichever of its servers the main connection leads to. */
  placeOf(address: Address): string | undefined {
    if (!this.#route.hasCache || this.#route.isOnePlace) return undefined;
    if (this.#cluster?.isFound() !== true) this.#place = address.href;
    return this.#place;
  }

  /** Why there is no main connection: the transport's last words; of several addresses, what came of the last attempt
      at each; and if the sentinels know no primary, what came of each of them. */
  troubleOfAttempts(): string {
    if (this.#sentinels !== undefined) {
      const why = this.#sentinels.trouble();
      if (why !== "" || this.#named === undefined) return why;
      const server = serverOf(this.#named);
      return this.#trouble === "" ? `at ${server}` : `${server}: ${this.#trouble}`;
    }
    if (this.#route.addresses.length === 1) return this.#trouble;
    this.#noteAttempt();
    return this.#attempts.filter((words) => words !== undefined).join("; ");
  }

  // Notes what came of the last attempt.
  #noteAttempt(): void {
    const problem = this.#lastProblem();
    if (problem === "none") return;
    const words = this.#trouble === "" ? problem.replaceAll("_", " ") : this.#trouble;
    this.#attempts[this.#seed] = `${serverOf(this.address)}: ${words}`;
  }
}
