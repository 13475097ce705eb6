import type { Word } from "./commands/call.js";

// What stands in front of a client's keys, or of its channels.

/** A text in front of names. */
export class Prefix {
  readonly #text: string;
  readonly #bytes: Uint8Array;

  constructor(text: string) {
    this.#text = text;
    this.#bytes = new TextEncoder().encode(text);
  }

  /** The name with the prefix. */
  put(name: Word): Word {
    if (typeof name === "string") return this.#text + name;
    const all = new Uint8Array(this.#bytes.length + name.length);
    all.set(this.#bytes);
    all.set(name, this.#bytes.length);
    return all;
  }
}
