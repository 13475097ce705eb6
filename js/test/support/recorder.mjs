import { CommandSet, table } from "../../.build/generated/commands.js";
import { Parts, readRow } from "../../.build/commands/table.js";

/** Resolves to the words of a call, in place of sending them. */
export class Recorder extends CommandSet {
  shape = undefined;
  options = undefined;

  sendWords(words, shape, options) {
    this.shape = shape;
    this.options = options;
    return Promise.resolve(words);
  }
}

const parts = new Parts(table);

/** The table's rows, each with its nodes read. */
export const rows = table.rows.split("\n").map(readRow)
  .map(row => ({ ...row, nodes: parts.nodes(row.nodes) }));

/** The rows for these words: those of the subcommand, if there are any. */
export const rowsFor = words => {
  const own = rows.filter(row => row.words.every(
    (word, place) => word === words[place]?.toUpperCase()));
  const most = Math.max(...own.map(row => row.words.length));
  return own.filter(row => row.words.length === most);
};
