import type { Word } from "./commands/call.js";
import { type LimitError, limitError } from "./errors.js";
import { heldBytes } from "./held.js";

// A command of these names blocks if it has BLOCK. Then it goes to a connection of its own, and its
// refusal says nothing about the others of its name.
const blocksAtTimes = new Set<Word>(["XREAD", "XREADGROUP"]);

// Refusals that hold for every later command of that name, or of that name and at least that size.
const byCount = "inflightRequestsLimit";
const byBytes = ["the requests pool has no room for", "the requests that wait may have half"];

// The most names that are remembered; the core is asked about any others.
const namesMax = 64;

/** Names of commands that the core has refused since the last turn, because of inflightRequestsLimit or for
    lack of memory. No room is made before the next turn, so the core would refuse further commands of these
    names, too, unless they are shorter, or a cache could serve them. Refusing them here is much cheaper than
    asking the core. */
export class Full {
  /** The number of calls refused here. The core counts those that it refuses itself. */
  refused = 0;
  // The text of the core's refusal.
  #message = "";
  // What the shortest command that was refused takes; 0: it was refused because of the count.
  #bytesMin = 0;
  readonly #names = new Set<Word>();

  note(words: readonly Word[], message: string): void {
    const isByCount = message.startsWith(byCount);
    if (!isByCount && !byBytes.some((each) => message.startsWith(each))) return;
    const [name] = words;
    if (typeof name !== "string" || blocksAtTimes.has(name.toUpperCase())) return;
    if (this.#names.size >= namesMax) return;
    const bytes = isByCount ? 0 : heldBytes(words);
    this.#bytesMin = this.#message === "" ? bytes : Math.min(this.#bytesMin, bytes);
    this.#message = message;
    this.#names.add(name);
  }

  refuses(words: readonly Word[]): boolean {
    return this.#message !== "" && this.#names.has(words[0]!)
      && (this.#bytesMin === 0 || heldBytes(words) >= this.#bytesMin);
  }

  /** The error for a call that is refused here; counts it. */
  error(): LimitError {
    ++this.refused;
    return limitError("rejected_by_limit", this.#message);
  }

  /** Forgets all names: requests may have ended. */
  clear(): void {
    if (this.#message === "") return;
    this.#message = "";
    this.#names.clear();
  }
}
