import type { Word } from "./commands/call.js";
import { inCapitals } from "./commands/words.js";
import { outboxAt, placesFixed } from "./core/abi.js";
import type { Core } from "./core/core.js";
import { stage } from "./core/encode.js";
import { ConfigurationError } from "./errors.js";
import { Prefix } from "./prefix.js";

// The option keyPrefix: each key of each command gets a prefix, by the core's table of commands.

/** `count` keys: the words `first`, `first + step`... */
interface Range { readonly first: number; readonly step: number; readonly count: number }

// The places of keys are kept for so many commands, each with a number of words.
const keptMax = 1000;

// No longer word is a number or a token that says where keys are.
const tokenLettersMax = 64;

const commandsOfChannels = new Set(["PUBLISH", "SPUBLISH", "SUBSCRIBE", "SSUBSCRIBE", "PSUBSCRIBE"]);

// The table leaves out the keys and patterns that SORT has besides the first: any of its words could be one.
const placesInSort = (words: readonly Word[]): number[] => {
  const places: number[] = [];
  for (let at = 2; at < words.length - 1; ++at) {
    const token = inCapitals(words[at]!);
    if (token === "LIMIT") at += 2;
    if (token !== "STORE" && token !== "BY" && token !== "GET") continue;
    at += 1;
    if (token === "GET" && inCapitals(words[at]!) === "#") continue;
    if (token === "BY" && !inCapitals(words[at]!).includes("*")) continue;  // it does not sort
    places.push(at);
  }
  return places;
};

/** Puts a prefix in front of the keys of commands. */
export class KeyPrefix {
  readonly #core: Core;
  readonly #prefix: Prefix;
  readonly #kept = new Map<string, readonly Range[]>();

  constructor(core: Core, prefix: string) {
    this.#core = core;
    this.#prefix = new Prefix(prefix);
  }

  /** A key with the prefix. */
  key(key: Word): Word { return this.#prefix.put(key); }

  /** The words of a command, whose keys have the prefix. Throws a ConfigurationError if the table does not say
      which words are keys, as for the commands of modules. */
  words(words: readonly Word[]): readonly Word[] {
    const name = inCapitals(words[0] ?? "");
    if (commandsOfChannels.has(name)) return words;
    const all = [...words];
    for (const { first, step, count } of this.#ranges(name, words)) {
      for (let i = 0; i < count; ++i) {
        const key = words[first + i * step]!;
        // "": the keys of this MIGRATE follow later.
        if (key.length > 0 || name !== "MIGRATE") all[first + i * step] = this.key(key);
      }
    }
    if (name !== "SORT" && name !== "SORT_RO") return all;
    for (const place of placesInSort(words)) all[place] = this.key(words[place]!);
    return all;
  }

  #ranges(name: string, words: readonly Word[]): readonly Range[] {
    const kept = `${words.length} ${name}`;
    const known = this.#kept.get(kept);
    if (known !== undefined) return known;
    const core = this.#core;
    const answer = this.#ask(name, words);
    const at = (core.outbox + outboxAt.area) >> 3;
    const ranges = Array.from({ length: answer % placesFixed }, (_, i) => {
      const [first, step, count] = core.doubles.subarray(at + 3 * i, at + 3 * i + 3);
      return { first: first!, step: step!, count: count! };
    });
    if (answer >= placesFixed) {
      if (this.#kept.size >= keptMax) this.#kept.clear();
      this.#kept.set(kept, ranges);
    }
    return ranges;
  }

  #ask(name: string, words: readonly Word[]): number {
    const core = this.#core;
    try {
      return core.ask(() => {
        stage(core, words.map((word) => word.length > tokenLettersMax ? "" : word));
        return core.calls.plimsoll_key_places(words.length);
      });
    } catch (error) {
      if ((error as { code?: unknown }).code !== "refused_command") throw error;
      throw new ConfigurationError("refused_command", `keyPrefix: which words of ${name} are keys is not ` +
        "known; use a client without keyPrefix");
    }
  }
}
