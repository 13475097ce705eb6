import type { Word } from "../commands/call.js";

// Arguments as ioredis takes them: in lists or not, of almost any type, with a callback behind them.

/** What a call gives its outcome to, besides the promise. */
export type Callback = (error: Error | null, result?: any) => void;

/** Splits the callback off, if there is one. */
export const splitCallback = (args: readonly unknown[]): { own: unknown[]; callback: Callback | undefined } => {
  const last = args.at(-1);
  return typeof last === "function"
    ? { own: args.slice(0, -1), callback: last as Callback }
    : { own: [...args], callback: undefined };
};

/** Calls a function of the user. What it throws is uncaught, as it is in ioredis. */
export const callBack = (callback: Callback, error: Error | null, result?: unknown): void => {
  try {
    callback(error, result);
  } catch (problem) {
    process.nextTick(() => { throw problem; });
  }
};

/** Calls `callback` with the outcome as well, before anything that waits for the promise that is returned. */
export const withCallback = <T>(outcome: Promise<T>, callback: Callback | undefined): Promise<T> => {
  if (callback === undefined) return outcome;
  outcome.then((result) => callBack(callback, null, result), (error: Error) => callBack(callback, error));
  return outcome;
};

const wordOf = (argument: unknown): Word => {
  if (argument instanceof Uint8Array) return argument;
  return argument === null || argument === undefined ? "" : String(argument);
};

// Where these commands take an object or a Map in place of names and values.
const placeOfPairs = new Map([["mset", 0], ["msetnx", 0], ["hset", 1], ["hmset", 1]]);

const pairsOf = (argument: unknown): unknown[] | undefined => {
  if (argument instanceof Map) return [...argument].flat();
  const isPlain = typeof argument === "object" && argument !== null && !Array.isArray(argument)
    && !(argument instanceof Uint8Array);
  return isPlain ? Object.entries(argument).flat() : undefined;
};

/** The words of a command. A list among the arguments stands for its elements; a list in a list is one word, as
    it is in ioredis. */
export const wordsOf = (name: string, args: readonly unknown[]): Word[] => {
  const flat = args.flat();
  const place = placeOfPairs.get(name);
  const pairs = place !== undefined && flat.length === place + 1 ? pairsOf(flat[place]) : undefined;
  return [name, ...(pairs === undefined ? flat : [...flat.slice(0, place), ...pairs]).map(wordOf)];
};

/** Whether a command names the connection or its library. A client has the name that it was made with. */
export const namesConnection = (name: string, [subcommand]: readonly unknown[]): boolean =>
  /^client$/i.test(name) && /^(setname|setinfo)$/i.test(String(subcommand));
