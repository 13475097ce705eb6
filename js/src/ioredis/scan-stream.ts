import { Readable } from "node:stream";
import type { ScanStreamOptions } from "./options.js";

// The commands that walk through keys, fields or members, as streams of pages.

const wordsOf = ({ match, type, count, noValues }: ScanStreamOptions): unknown[] => [
  ...match === undefined ? [] : ["MATCH", match],
  ...type === undefined ? [] : ["TYPE", type],
  ...count === undefined ? [] : ["COUNT", count],
  ...noValues === true ? ["NOVALUES"] : [],
];

/** A stream of what `scan` returns for the arguments behind the key, until its cursor is 0 again. */
export const scanStreamOf = (scan: (args: readonly unknown[]) => Promise<unknown>,
  options: ScanStreamOptions = {}): Readable => {
  const more = wordsOf(options);
  const pages = async function* (): AsyncGenerator<unknown> {
    for (let cursor = "0";;) {
      const page = await scan([cursor, ...more]) as [unknown, unknown];
      cursor = String(page[0]);
      yield page[1];
      if (cursor === "0") return;
    }
  };
  const stream = Readable.from(pages(), { objectMode: true, highWaterMark: 1 });
  return Object.assign(stream, { close: () => { stream.destroy(); } });
};
