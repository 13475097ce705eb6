import type { Word } from "./call.js";
import { described } from "./problem.js";
import { isWord } from "./put.js";

/** The words of a command, in a list of their own, which the caller cannot change. Throws a TypeError for
    anything else. */
export const checkedWords = (words: readonly Word[]): Word[] => {
  if (!Array.isArray(words) || words.length === 0) {
    throw new TypeError("command: give a list of words, the name first");
  }
  const own = [...words];
  for (const word of own) {
    if (isWord(word)) continue;
    throw new TypeError(`command: ${described(word)} is no word; give strings, or Uint8Array`);
  }
  return own;
};

/** The same for one name or a list of names, as of keys or channels; `what` stands in front of the message. */
export const checkedNames = (what: string, names: Word | readonly Word[]): Word[] => {
  const own = isWord(names) ? [names] : Array.isArray(names) ? [...names] as Word[] : undefined;
  if (own !== undefined && own.every(isWord)) return own;
  throw new TypeError(`${what}: got ${described(names)}; give a string, a Uint8Array, or a list of them`);
};

/** A word in capital letters, as names of commands and tokens are compared. */
export const inCapitals = (word: Word): string =>
  (typeof word === "string" ? word : new TextDecoder().decode(word)).toUpperCase();
