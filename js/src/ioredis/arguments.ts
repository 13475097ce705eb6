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

/** Calls `callback` with the outcome as well, in a turn of its own: what it throws is uncaught. */
export const withCallback = <T>(outcome: Promise<T>, callback: Callback | undefined): Promise<T> => {
  if (callback === undefined) return outcome;
  outcome.then((result) => { process.nextTick(callback, null, result); },
    (error: Error) => { process.nextTick(callback, error); });
  return outcome;
};

const wordOf = (argument: unknown): Word => {
  if (argument instanceof Uint8Array) return argument;
  return argument === null || argument === undefined ? "" : String(argument);
};

const takesPairs = new Set(["mset", "msetnx", "hset", "hmset"]);

const pairsOf = (argument: unknown): unknown[] | undefined => {
  if (argument instanceof Map) return [...argument].flat();
  const isPlain = typeof argument === "object" && argument !== null && !Array.isArray(argument)
    && !(argument instanceof Uint8Array);
  return isPlain ? Object.entries(argument).flat() : undefined;
};

/** The words of a command. */
export const wordsOf = (name: string, args: readonly unknown[]): Word[] => {
  const all = takesPairs.has(name) ? args.flatMap((each) => pairsOf(each) ?? [each]) : args;
  return [name, ...(all.flat(Infinity as 1) as unknown[]).map(wordOf)];
};
