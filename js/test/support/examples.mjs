// The examples of tests/commands/examples: calls as a server wants them, a table of TOML each.
import { readFileSync, readdirSync } from "node:fs";

const folder = new URL("../../../tests/commands/examples/", import.meta.url);

/** A TOML string, or an array of them, on one line. */
const valueOf = text => {
  const basic = text.replace(/'([^']*)'/g, (_, literal) => JSON.stringify(literal));
  try {
    return JSON.parse(text.startsWith("'") ? basic : text);
  } catch {
    return undefined;
  }
};

/** "a 'b c'" to words, as a shell has them. */
export const wordsOf = line => {
  const found = line.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'])+/g) ?? [];
  return found.map(word => word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'/g,
    (_, double, single) => single ?? double.replace(/\\(["\\$`])/g, "$1")));
};

/** [{ command, call, setup, ... }] of all files, those that are told on one line. */
export const examples = () => readdirSync(folder).flatMap(name => {
  const text = readFileSync(new URL(name, folder), "utf8");
  return text.split(/^\[\[/m).slice(1).map(part => {
    const [head, ...lines] = part.split("\n");
    const example = { command: head.replace(/[\]"]/g, "") };
    for (const line of lines) {
      const [, key, value] = /^(\w+) = (.*)$/.exec(line) ?? [];
      if (key !== undefined) example[key] = valueOf(value);
    }
    return example;
  });
});
