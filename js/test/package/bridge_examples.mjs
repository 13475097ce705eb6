// What examples/bridge shows.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** An example with other words in it: each that is replaced has to be there. */
export const readExample = (name, replacements) => {
  let text = readFileSync(join("bridge-examples", name), "utf8");
  for (const [from, to] of replacements) {
    if (!text.includes(from)) throw new Error(`examples/bridge/${name} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
};
