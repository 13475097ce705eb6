import { table } from "../generated/commands.js";
import { readRow } from "./table.js";

/** @internal The names of all commands that have methods, in small letters: the first word of each. */
export const commandNames: readonly string[] = [...new Set(table.rows.split("\n")
  .map((line) => readRow(line).words[0]!.toLowerCase()))];
