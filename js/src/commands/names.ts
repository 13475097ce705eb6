import { table } from "../generated/commands.js";
import { readRow } from "./table.js";

// The names in the table of commands, for those few that need all of them: the table is read when they ask.

let kept: readonly (readonly string[])[] | undefined;

const allWords = (): readonly (readonly string[])[] =>
  kept ??= table.rows.split("\n").map((line) => readRow(line).words);

/** @internal The names of all commands that have methods, in small letters: the first word of each. */
export const commandNames = (): readonly string[] =>
  [...new Set(allWords().map(([name]) => name!.toLowerCase()))];

/** @internal The commands whose second word is a part of their name, such as CLIENT. */
export const containerNames = (): ReadonlySet<string> =>
  new Set(allWords().filter(({ length }) => length > 1).map(([name]) => name!));
