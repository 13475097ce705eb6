import type { Word } from "./call.js";
import { described } from "./problem.js";

/** Throws a TypeError unless these are the words of a command. */
export const checkWords = (words: readonly Word[]): void => {
  if (!Array.isArray(words) || words.length === 0) {
    throw new TypeError("command: give a list of words, the name first");
  }
  for (const word of words) {
    if (typeof word === "string" || word instanceof Uint8Array) continue;
    throw new TypeError(`command: ${described(word)} is no word; give strings, or Uint8Array`);
  }
};
