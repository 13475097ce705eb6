import type { Word } from "../commands/call.js";

// Arguments as ioredis takes them: in lists or not, of almost any type, with a callback behind them.

/** What a call gives its outcome to, besides the promise. */
export type Callback<Result = any> = (error: Error | null, result?: Result) => void;

/** A key, as ioredis names the type. */
export type RedisKey = string | Uint8Array;
/** A value, as ioredis names the type. */
export type RedisValue = string | Uint8Array | number;

/** What a method of a command takes. The type of the callback is here so that programs need not write it. */
export type Argument = RedisValue | bigint | boolean | object | null | undefined | Callback;

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

/** Calls `callback` with the outcome as well, before anything that waits for the promise that is returned. What is
    no function is ignored: programs leave something else in its place, such as the index of map(). */
export const withCallback = <T>(outcome: Promise<T>, callback: unknown): Promise<T> => {
  if (typeof callback !== "function") return outcome;
  const call = callback as Callback;
  outcome.then((result) => callBack(call, null, result), (error: Error) => callBack(call, error));
  return outcome;
};

// As a Buffer is made of a text: half of a character becomes U+FFFD. The client refuses it.
const textOf = (text: string): string => (text as string & { toWellFormed(): string }).toWellFormed();

const wordOf = (argument: unknown): Word => {
  if (argument instanceof Uint8Array) return argument;
  return argument === null || argument === undefined ? "" : textOf(String(argument));
};

const pairsOf = (argument: unknown): unknown[] | undefined => {
  if (argument instanceof Map) return [...argument].flat();
  const isPlain = typeof argument === "object" && argument !== null && !Array.isArray(argument)
    && !(argument instanceof Uint8Array);
  return isPlain ? Object.entries(argument).flat() : undefined;
};

// Takes an object or a Map at this place for names and values.
const pairsAt = (place: number) => (args: unknown[]): unknown[] => {
  const pairs = args.length === place + 1 ? pairsOf(args[place]) : undefined;
  return pairs === undefined ? args : [...args.slice(0, place), ...pairs];
};

const transformers = new Map<string, (args: any[]) => unknown[]>([
  ["mset", pairsAt(0)], ["msetnx", pairsAt(0)], ["hset", pairsAt(1)], ["hmset", pairsAt(1)],
]);

/** Has `change` make other arguments of those of a command. */
export const setArgumentTransformer = (name: string, change: (args: any[]) => unknown[]): void => {
  transformers.set(name, change);
};

/** The words of a command. A list among the arguments stands for its elements; a list in a list is one word, as
    it is in ioredis. */
export const wordsOf = (name: string, args: readonly unknown[]): Word[] => {
  const flat = args.flat();
  const change = transformers.get(name);
  return [name, ...(change === undefined ? flat : change(flat)).map(wordOf)];
};

// Commands whose second word is part of the name, and whose third is a key. ioredis does not know that it is one, so
// programs write their prefix in front of it themselves.
const containersOfKeys = new Set(["debug", "memory", "object", "xgroup", "xinfo"]);

/** The words of a command for a client that puts `prefix` in front of keys. */
export const wordsToPrefix = (name: string, args: readonly unknown[], prefix: string): Word[] => {
  const words = wordsOf(name, args);
  const key = words[2];
  if (prefix === "" || key === undefined || !containersOfKeys.has(name.toLowerCase())) return words;
  const bytes = Buffer.from(key as string);
  if (bytes.indexOf(prefix) === 0) words[2] = bytes.subarray(Buffer.byteLength(prefix));
  return words;
};

/** Whether a command names the connection or its library. A client has the name that it was made with. */
export const namesConnection = (name: string, [subcommand]: readonly unknown[]): boolean =>
  /^client$/i.test(name) && /^(setname|setinfo)$/i.test(String(subcommand));
