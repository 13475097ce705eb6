import type { Word } from "./commands/call.js";
import { type LimitError, limitError } from "./errors.js";

// By these a command with the same name may take another way than the shared connection's: it blocks.
const blocksAtTimes = new Set<Word>(["XREAD", "XREADGROUP"]);

/** Names of commands that the core has refused since the last turn because all places in flight were
    taken. Until the next turn no place becomes free, so the core would refuse further commands of these
    names, unless a cache could serve them. Asking it for each would be most of what a refusal costs. */
export class Full {
  /** Of so many names; the core is asked for others. */
  static readonly namesMax = 64;

  /** Calls that were refused without the core, which counts all others. */
  refused = 0;
  // The core's words.
  #message = "";
  readonly #names = new Set<Word>();

  note(words: readonly Word[], message: string): void {
    if (!message.startsWith("inflight_requests_limit")) return;
    const [name] = words;
    if (typeof name !== "string" || blocksAtTimes.has(name.toUpperCase())) return;
    if (this.#names.size >= Full.namesMax) return;
    this.#message = message;
    this.#names.add(name);
  }

  refuses(words: readonly Word[]): boolean {
    return this.#message !== "" && this.#names.has(words[0]!);
  }

  /** Of one that is refused. */
  error(): LimitError {
    ++this.refused;
    return limitError("rejected_by_limit", this.#message);
  }

  /** There may be places. */
  clear(): void {
    if (this.#message === "") return;
    this.#message = "";
    this.#names.clear();
  }
}
