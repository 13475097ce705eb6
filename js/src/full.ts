import type { Word } from "./commands/call.js";
import { type LimitError, limitError } from "./errors.js";

// By these a command with the same name may take another way than the shared connection's: it blocks.
const blocksAtTimes = new Set<Word>(["XREAD", "XREADGROUP"]);

/** What the core has refused since the last turn for want of a place in flight. Until the next one it
    would refuse the same commands likewise, where no cache could serve them: so it is not asked for
    each, which would cost more than all else that there is to a refusal. */
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
