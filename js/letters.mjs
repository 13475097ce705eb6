// Writes bytes as text for src/core/letters.ts, which has the alphabet and says why.

import { readFileSync } from "node:fs";
import { join } from "node:path";

// Build scripts run before the sources are compiled, so the alphabet is read there.
const source = readFileSync(join(import.meta.dirname, "src/core/letters.ts"), "utf8");
const [, alphabet] = /alphabet: string = "([^"]*)"/.exec(source);

/** The text of some bytes; and all bytes by how frequent they are in it, which fromLetters() needs. */
export const toLetters = (bytes) => {
  const counts = new Array(256).fill(0);
  for (const byte of bytes) ++counts[byte];
  const order = [...counts.keys()].sort((one, other) => counts[other] - counts[one]);
  const single = alphabet.length - 2;
  const words = [];
  order.forEach((byte, place) => {
    const behind = place - single;
    words[byte] = behind < 0 ? alphabet[place]
      : alphabet[single + Math.floor(behind / alphabet.length)] + alphabet[behind % alphabet.length];
  });
  return { letters: Array.from(bytes, (byte) => words[byte]).join(""), order };
};
