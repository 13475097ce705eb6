import type { Word } from "./commands/call.js";
import { inCapitals } from "./commands/words.js";
import { Prefix } from "./prefix.js";

// The option channelPrefix: the names of channels get a prefix, in the commands that publish to them and that
// count their subscribers, and in subscriptions.

const publishing: ReadonlySet<string> = new Set(["PUBLISH", "SPUBLISH"]);
// PUBSUB CHANNELS takes a pattern of channels in full, as KEYS does of keys.
const counting: ReadonlySet<string> = new Set(["NUMSUB", "SHARDNUMSUB"]);

/** Puts a prefix in front of channels. */
export class ChannelPrefix {
  readonly #names: Prefix;
  // In front of a pattern, the prefix stands for itself as well.
  readonly #patterns: Prefix;

  constructor(text: string) {
    this.#names = new Prefix(text);
    this.#patterns = new Prefix(text.replace(/[\\*?[\]]/g, "\\$&"));
  }

  /** The words of a command, whose channels have the prefix. */
  words(words: readonly Word[]): readonly Word[] {
    const name = inCapitals(words[0] ?? "");
    if (publishing.has(name)) return words.map((word, at) => at === 1 ? this.#names.put(word) : word);
    if (name !== "PUBSUB" || !counting.has(inCapitals(words[1] ?? ""))) return words;
    return words.map((word, at) => at >= 2 ? this.#names.put(word) : word);
  }

  /** The names of a subscription. */
  subscribed(names: readonly Word[], arePatterns: boolean): readonly Word[] {
    const prefix = arePatterns ? this.#patterns : this.#names;
    return names.map((name) => prefix.put(name));
  }
}
