import { checkNames } from "./commands/call-options.js";
import { type AnyReply, type CallOptions, type Key, type Word, anyReply } from "./commands/call.js";
import { described } from "./commands/problem.js";
import { checkedWords } from "./commands/words.js";
import type { Driver } from "./driver.js";

/**
 * Nodes of a cluster for Client.at():
 *
 * - `"allPrimaries"`: each primary that owns slots. The reply is a Map of their addresses to their replies; one
 *   of these may be a ServerError.
 * - `"anyPrimary"`: any of them; they take turns.
 * - `{ key }`: the primary that serves the slot of this key, which need not exist.
 * - `{ address }`: the primary with this address, as topology() has it: "host:port". If another node serves its
 *   slots by the time at which the command is sent, that one runs it.
 */
export type NodeRoute = "allPrimaries" | "anyPrimary" | { readonly key: Key } | { readonly address: string };

// The route as plimsoll_submit_at() takes it: its number, and the key or address behind that, if there is one.
const wireRoute = (route: NodeRoute): { where: number; word: Word[]; isKey: boolean } => {
  if (route === "allPrimaries") return { where: 0, word: [], isKey: false };
  if (route === "anyPrimary") return { where: 1, word: [], isKey: false };
  const names = typeof route === "object" && route !== null ? Object.keys(route) : [];
  const [name] = names;
  if (names.length === 1 && name === "key") {
    return { where: 2, word: checkedWords([(route as { key: Key }).key]), isKey: true };
  }
  const address = names.length === 1 && name === "address" ? (route as { address: unknown }).address : undefined;
  if (typeof address === "string") return { where: 3, word: [address], isKey: false };
  throw new TypeError(`at: got ${described(route)}; give "allPrimaries", "anyPrimary", { key } or { address }`);
};

/** What Client.at() returns: commands for nodes of a cluster that the caller has chosen. */
export class Nodes {
  readonly #driver: Driver;
  readonly #where: number;
  // The key or the address of the route; empty for a route without one.
  readonly #word: readonly Word[];

  /** @internal */
  constructor(driver: Driver, route: NodeRoute) {
    const { where, word, isKey } = wireRoute(route);
    this.#driver = driver;
    this.#where = where;
    this.#word = isKey ? word.map((key) => driver.changes.key(key)) : word;
  }

  /**
   * Sends a command, given as its words. It never waits for room (LimitError), and none that blocks is taken.
   *
   *     const sizes = await client.at("allPrimaries").command(["DBSIZE"]);
   *
   * Rejects with a ConfigurationError if the servers are no cluster, or no primary has the address.
   */
  async command(words: readonly Word[], options?: CallOptions): Promise<AnyReply> {
    const own = checkedWords(words);
    checkNames(options);
    return this.#driver.submitAt(this.#where, this.#word, own,
      { shape: anyReply, options, asMaps: true }) as Promise<AnyReply>;
  }
}
